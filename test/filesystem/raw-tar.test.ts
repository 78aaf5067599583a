import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/core/digest.ts';
import { refusalOf } from '../../src/filesystem/layer-error.ts';
import type { RawEntry } from '../../src/filesystem/raw-tar.ts';
import { readRawTar } from '../../src/filesystem/raw-tar.ts';
import { TAR_BLOCK } from '../../src/filesystem/tar-fields.ts';
import { tarHeader } from '../../src/layer/tar.ts';
import { drain, expectCode } from '../expect-code.ts';

const refuse = refusalOf(digestOf('a layer'));
const END = Buffer.alloc(2 * TAR_BLOCK);
const plain = { mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 0, linkName: '' };

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

type Read = Omit<RawEntry, 'content'> & { readonly text: string | undefined };

async function read(bytes: Buffer, wantsContent = true): Promise<Read[]> {
  const entries: Read[] = [];
  for await (const { content, ...entry } of readRawTar(inPieces(bytes, 700), refuse))
    entries.push({ ...entry, text: wantsContent ? (await drain(content())).toString() : undefined });
  return entries;
}

function padded(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([bytes, Buffer.alloc((TAR_BLOCK - (bytes.length % TAR_BLOCK)) % TAR_BLOCK)]);
}

/** A header whose type flag is one that our own writer never writes. */
function withFlag(header: Buffer, flag: string, at = 0): Buffer {
  const bytes = Buffer.from(header);
  bytes.write(flag, at + 156, 'latin1');
  let sum = 8 * 0x20;
  for (let i = 0; i < TAR_BLOCK; i++) if (i < 148 || i >= 156) sum += bytes[at + i]!;
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  return bytes;
}

describe('readRawTar', () => {
  it('reads what our writer writes: long names, large owners, binary attributes', async () => {
    const name = `${'folder/'.repeat(40)}größe`;
    const value = Buffer.from([1, 0, 0, 2, 0xff, 0x0a, 0x3d]).toString('base64');
    const header = {
      ...plain,
      name,
      type: 'file',
      mode: 0o4755,
      uid: 3_000_000,
      size: 5,
      xattrs: { 'security.capability': value },
    } as const;
    const [entry, ...rest] = await read(Buffer.concat([tarHeader(header), padded('hello'), END]));
    expect(rest).toEqual([]);
    expect(entry).toMatchObject({ type: 'file', name, mode: 0o4755, uid: 3_000_000, gid: 0, size: 5, text: 'hello' });
    expect(entry!.xattrs).toEqual({ 'security.capability': value });
  });

  it('says where each content stands', async () => {
    const member = (name: string, text: string): Buffer =>
      Buffer.concat([tarHeader({ ...plain, name, type: 'file', size: text.length }), padded(text)]);
    const tar = Buffer.concat([member('a', 'x'.repeat(1000)), member('b', ''), member('c', 'the third'), END]);
    for (const wantsContent of [true, false]) {
      const entries = await read(tar, wantsContent);
      expect(entries.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
      const { offset, size } = entries[2]!;
      expect(tar.toString('latin1', offset, offset + size)).toBe('the third');
    }
  });

  it('reads links, devices and fifos, which layers of others have', async () => {
    const tar = pack();
    tar.entry({ name: 'd', type: 'directory' });
    tar.entry({ name: 's', type: 'symlink', linkname: '../x' });
    tar.entry({ name: 'h', type: 'link', linkname: 'd/y' });
    tar.entry({ name: 'w', type: 'character-device', devmajor: 0, devminor: 0 });
    tar.entry({ name: 'b', type: 'block-device', devmajor: 8, devminor: 17 });
    tar.entry({ name: 'f', type: 'fifo' });
    tar.finalize();
    const entries = await read(await drain(tar as AsyncIterable<Uint8Array>));
    expect(entries.map(({ type, target, device }) => [type, target, ...device])).toEqual([
      ['directory', '', 0, 0],
      ['symlink', '../x', 0, 0],
      ['hardlink', 'd/y', 0, 0],
      ['character', '', 0, 0],
      ['block', '', 8, 17],
      ['fifo', '', 0, 0],
    ]);
  });

  it("reads GNU's long names and global PAX headers", async () => {
    const long = 'l'.repeat(300);
    const gnu = withFlag(tarHeader({ ...plain, name: '././@LongLink', type: 'file', size: 301 }), 'L');
    const record = '16 mtime=12.75\n'.replace('16', '15');
    const global = withFlag(tarHeader({ ...plain, name: 'pax', type: 'file', size: record.length }), 'g');
    const one = tarHeader({ ...plain, name: 'short', type: 'file' });
    const entries = await read(Buffer.concat([global, padded(record), gnu, padded(`${long}\0`), one, one, END]));
    expect(entries.map(({ name, mtime }) => [name, mtime])).toEqual([
      [long, 12],
      ['short', 12],
    ]);
  });

  it.each<[string, () => Buffer]>([
    [
      'a wrong checksum',
      () => Buffer.concat([Buffer.from(tarHeader({ ...plain, name: 'a', type: 'file' })).fill('b', 0, 1), END]),
    ],
    [
      'an end in a content',
      () => Buffer.concat([tarHeader({ ...plain, name: 'a', type: 'file', size: 2000 }), padded('x')]),
    ],
    ['no end', () => tarHeader({ ...plain, name: 'a', type: 'file' })],
    ['an unknown type', () => Buffer.concat([withFlag(tarHeader({ ...plain, name: 'a', type: 'file' }), 'Z'), END])],
    [
      'a PAX record that lies about its length',
      () =>
        Buffer.concat([
          withFlag(tarHeader({ ...plain, name: 'a', type: 'file', size: 12 }), 'x'),
          padded('99 path=abc\n'),
          END,
        ]),
    ],
    [
      'a PAX header without bound',
      () => withFlag(tarHeader({ ...plain, name: 'a', type: 'file', size: 2 << 20 }), 'x'),
    ],
  ])('refuses %s', async (_name, tar) => {
    await expectCode(() => read(tar()), 'LAYER_INVALID');
  });
});
