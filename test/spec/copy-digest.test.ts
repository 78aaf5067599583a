import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { copyDigest } from '../../src/spec/copy-digest.ts';
import { expectCode } from '../expect-code.ts';

const md5 = (...parts: readonly string[]): string => createHash('md5').update(parts.join('')).digest('hex');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-'));
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), text);
}

describe('copyDigest', () => {
  it('takes a single file under its own name', async () => {
    await write('a/b.txt', 'one');
    expect(await copyDigest(['a/b.txt'], folder)).toBe(md5('one', 'b.txt'));
  });

  it('takes the files of a folder before its folders, sorted by code point', async () => {
    for (const name of ['z', 'a/x', 'b/x', 'A', '\u{1f600}', '\uffee']) await write(`d/${name}`, `<${name}>`);
    const order = ['A', 'z', '\uffee', '\u{1f600}', 'a/x', 'b/x'];
    expect(await copyDigest(['d'], folder)).toBe(md5(...order.flatMap((name) => [`<${name}>`, name.replace('/', '')])));
  });

  it('keeps the order of the list', async () => {
    await write('a', '1');
    await write('b', '2');
    expect(await copyDigest(['b', 'a'], folder)).toBe(md5('2', 'b', '1', 'a'));
  });

  it('follows links to files, not links to folders, and leaves dangling ones out', async () => {
    await write('real/f', 'content');
    await mkdir(join(folder, 'd'));
    await symlink('../real/f', join(folder, 'd', 'file'));
    await symlink('../real', join(folder, 'd', 'folder'));
    await symlink('nowhere', join(folder, 'd', 'dangling'));
    expect(await copyDigest(['d'], folder)).toBe(md5('content', 'file'));
  });

  it('follows a link that is named itself', async () => {
    await write('real/f', 'content');
    await symlink('real', join(folder, 'link'));
    expect(await copyDigest(['link'], folder)).toBe(md5('content', 'f'));
  });

  it('does not see modes and empty folders', async () => {
    await write('d/f', 'content');
    const before = await copyDigest(['d'], folder);
    await chmod(join(folder, 'd', 'f'), 0o755);
    await mkdir(join(folder, 'd', 'empty'));
    expect(await copyDigest(['d'], folder)).toBe(before);
  });

  it('leaves sockets out', async () => {
    await write('d/f', 'content');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, 'd', 's'), resolve));
    try {
      expect(await copyDigest(['d'], folder)).toBe(md5('content', 'f'));
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('refuses devices and pipes, which may never end', async () => {
    await mkdir(join(folder, 'd'));
    await symlink('/dev/zero', join(folder, 'd', 'zero'));
    const error = await expectCode(() => copyDigest(['d'], folder), 'COPY_INVALID');
    expect(error.message).toContain(join(folder, 'd', 'zero'));
  });

  it('refuses a path that does not exist, by the name in the spec', async () => {
    const error = await expectCode(() => copyDigest(['missing/file'], folder), 'COPY_NOT_FOUND');
    expect(error.message).toBe(`"missing/file", named under \`copy\`, does not exist in ${folder}`);
  });
});
