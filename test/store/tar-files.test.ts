import { appendFile, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { tarFiles } from '../../src/store/tar-files.ts';
import { tarBytes } from '../../src/store/tar-write.ts';
import { drain, expectCode } from '../expect-code.ts';
import type { Member } from './make-tar.ts';
import { makeTar } from './make-tar.ts';
import { temporaryFolder } from './temporary-folder.ts';

async function tarOf(...members: readonly Member[]) {
  const file = join(await temporaryFolder(), 'a.tar');
  await makeTar(file, members);
  return { file, files: tarFiles(file) };
}

describe('files of a tar', () => {
  it('reads each file as a range of the archive', async () => {
    const big = Buffer.alloc(3_000_000, 'big');
    const { files } = await tarOf(
      { name: 'blobs/', type: 'directory' },
      { name: './a', content: 'first' },
      { name: 'blobs/b', content: big },
      { name: 'empty' },
      { name: 'c', content: 'x'.repeat(512) },
    );
    expect(await Promise.all(['a', 'blobs/b', 'empty', 'c', 'blobs', 'none'].map(files.size))).toEqual([
      5,
      3_000_000,
      0,
      512,
      undefined,
      undefined,
    ]);
    expect(String(await drain(files.open('a')))).toBe('first');
    expect((await drain(files.open('blobs/b'))).equals(big)).toBe(true);
    expect(await drain(files.open('empty'))).toHaveLength(0);
    expect(String(await drain(files.open('c')))).toBe('x'.repeat(512));
    await expectCode(() => drain(files.open('none')), 'NOT_FOUND');
  });

  it('reaches behind files larger than 8 GiB, whose size is not written in octal digits', async () => {
    const size = 9 * 2 ** 30 + 1;
    const file = join(await temporaryFolder(), 'large.tar');
    const headers = tarBytes([{ path: 'large', size, open: () => Readable.from([]) }]);
    const { value: header } = await headers.next();
    await headers.return();
    await makeTar(file, [{ name: 'after', content: 'there' }]);
    const after = await readFile(file);
    const handle = await open(file, 'w');
    await handle.write(header as Uint8Array, 0, 512, 0);
    // The content is a hole that takes no space.
    await handle.write(after, 0, after.length, 512 + Math.ceil(size / 512) * 512);
    await handle.close();
    const files = tarFiles(file);
    expect(await files.size('large')).toBe(size);
    expect(String(await drain(files.open('after')))).toBe('there');
  });

  it('understands long names', async () => {
    const name = `${'long/'.repeat(60)}name`;
    const { files } = await tarOf({ name, content: 'here' }, { name: 'after', content: 'there' });
    expect(String(await drain(files.open(name)))).toBe('here');
    expect(String(await drain(files.open('after')))).toBe('there');
  });

  it('follows one link, symbolic or hard, to a file of the archive', async () => {
    const { files } = await tarOf(
      { name: 'one/layer.tar', content: 'layer' },
      { name: 'two/layer.tar', type: 'symlink', linkname: '../one/layer.tar' },
      { name: 'three', type: 'link', linkname: 'one/layer.tar' },
      { name: 'four', type: 'symlink', linkname: 'three' },
      { name: 'five', type: 'symlink', linkname: 'nowhere' },
    );
    expect(String(await drain(files.open('two/layer.tar')))).toBe('layer');
    expect(await files.size('three')).toBe(5);
    await expectCode(() => files.size('four'), 'ARCHIVE_INVALID');
    await expectCode(() => files.size('five'), 'ARCHIVE_INVALID');
  });

  const hostile: readonly [string, readonly Member[]][] = [
    ['an absolute name', [{ name: '/etc/passwd', content: 'x' }]],
    ['a name that climbs out', [{ name: 'a/../../b', content: 'x' }]],
    ['a name that climbs out by a pax record', [{ name: 'b', content: 'x', pax: { path: '../../climb' } }]],
    ['a symbolic link that climbs out', [{ name: 'a', type: 'symlink', linkname: '../../etc/passwd' }]],
    ['an absolute symbolic link', [{ name: 'a', type: 'symlink', linkname: '/etc/passwd' }]],
    ['a hard link that climbs out', [{ name: 'a', type: 'link', linkname: '../b' }]],
    ['a name that stands twice', [{ name: 'index.json', content: 'x' }, { name: './index.json', content: 'y' }]], // prettier-ignore
    ['a file and a link of one name', [{ name: 'a' }, { name: 'a', type: 'symlink', linkname: 'b' }]],
    ['a size beyond the end', [{ name: 'a', content: 'x', pax: { size: '99999999999999' } }]],
    ['a header without end', [{ name: 'a', content: 'x', pax: { comment: 'x'.repeat(300_000) } }]],
  ];
  it.each(hostile)('refuses %s', async (_what, members) => {
    const { files } = await tarOf(...members);
    await expectCode(() => files.size('index.json'), 'ARCHIVE_INVALID');
  });

  it('ignores devices, and links without a target that nobody asks for', async () => {
    const { files } = await tarOf(
      { name: 'null', type: 'character-device' },
      { name: 'lost', type: 'link' },
      { name: 'a', content: 'x' },
    );
    expect(await files.size('null')).toBeUndefined();
    expect(await files.size('a')).toBe(1);
  });

  it('refuses too many entries', async () => {
    const { file } = await tarOf();
    const block = await readFile(file);
    const { file: one } = await tarOf({ name: 'a/', type: 'directory' });
    const header = (await readFile(one)).subarray(0, 512);
    await writeFile(file, Buffer.concat([...Array.from({ length: 20_001 }, () => header), block]));
    const error = await expectCode(() => tarFiles(file).size('x'), 'ARCHIVE_INVALID');
    expect(error.message).toContain('20000');
  });

  it('refuses what is cut, compressed, no tar, or no file', async () => {
    const { file } = await tarOf({ name: 'a', content: 'x'.repeat(5_000) });
    const whole = await readFile(file);
    const damaged = Buffer.from(whole);
    damaged[0] = 0x7a;
    for (const [bytes, why] of [
      [whole.subarray(0, 2_000), 'it ends within "a"'],
      [whole.subarray(0, 100), 'it ends within a header'],
      [gzipSync(whole), 'gzip'],
      [damaged, 'Invalid tar header'],
    ] as const) {
      await writeFile(file, bytes);
      const error = await expectCode(() => tarFiles(file).size('a'), 'ARCHIVE_INVALID');
      expect(error.message).toContain(why);
    }
    await expectCode(() => tarFiles(join(file, '..')).size('a'), 'ARCHIVE_INVALID');
    await expectCode(() => tarFiles(`${file}.none`).size('a'), 'NOT_FOUND');
  });

  it('looks again after a failure', async () => {
    const { file } = await tarOf({ name: 'a', content: 'x' });
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, 100));
    const files = tarFiles(file);
    await expectCode(() => files.size('a'), 'ARCHIVE_INVALID');
    await appendFile(file, whole.subarray(100));
    expect(await files.size('a')).toBe(1);
  });
});
