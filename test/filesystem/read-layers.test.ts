import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Header } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import type { Layer } from '../../src/content/content.ts';
import { contentOf } from '../../src/content/content.ts';
import { createContext } from '../../src/core/context.ts';
import { decodeFacts, encodeFacts } from '../../src/filesystem/facts-record.ts';
import { readFacts } from '../../src/filesystem/read-layers.ts';
import { drain, expectCode } from '../expect-code.ts';

type Member = Partial<Header> & { readonly name: string; readonly body?: string };

async function tarOf(members: readonly Member[]): Promise<Buffer> {
  const tar = pack();
  for (const { body = '', ...header } of members) tar.entry({ mtime: new Date(1000), ...header }, body);
  tar.finalize();
  return drain(tar as AsyncIterable<Uint8Array>);
}

const same = (bytes: Buffer): Buffer => bytes;

async function layer(members: readonly Member[], compress: (bytes: Buffer) => Buffer = same): Promise<Layer> {
  const tar = await tarOf(members);
  const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}` as const;
  return { ...contentOf(compress(tar), 'application/vnd.oci.image.layer.v1.tar+gzip'), diffId };
}

const dir = (name: string, more: Partial<Header> = {}): Member => ({ name, type: 'directory', mode: 0o755, ...more });
const link = (name: string, linkname: string): Member => ({ name, type: 'symlink', linkname });
const file = (name: string, body = '', more: Partial<Header> = {}): Member => ({ name, body, ...more });

const read = (...layers: Layer[]) => readFacts(createContext(), layers, { capture: () => 1000 });

async function paths(...layers: Member[][]): Promise<string[]> {
  return [...(await read(...(await Promise.all(layers.map((one) => layer(one)))))).entries.keys()].sort();
}

describe('readFacts', () => {
  it.each([
    ['plain', same],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    [
      'gzip of several members',
      (bytes: Buffer) => Buffer.concat([gzipSync(bytes.subarray(0, 700)), gzipSync(bytes.subarray(700))]),
    ],
  ])('reads a layer that is %s, whatever its media type says', async (_name, compress) => {
    const facts = await read(
      await layer(
        [dir('etc/'), file('etc/passwd', 'root:x:0:0::/:/bin/sh\n', { mode: 0o4600, uid: 7, gid: 8 })],
        compress,
      ),
    );
    expect(facts.entries.get('etc/passwd')).toEqual({ type: 'file', mode: 0o4600, uid: 7, gid: 8, mtime: 1, size: 22 });
    expect(Buffer.from(facts.captured.get('etc/passwd') ?? '').toString()).toContain('root');
  });

  it('takes ./a, /a and a/ for one path', async () => {
    expect(await paths([dir('./a/'), file('/a/b'), file('./a/b')])).toEqual(['a', 'a/b']);
  });

  it('puts lib/x where the symlink of a lower layer leads', async () => {
    expect(await paths([dir('usr/lib/'), link('lib', 'usr/lib')], [file('lib/x')])).toEqual([
      'lib',
      'usr',
      'usr/lib',
      'usr/lib/x',
    ]);
  });

  it('lets a directory entry replace a symlink, as unpackers do', async () => {
    const facts = await read(
      await layer([dir('usr/lib/'), link('lib', 'usr/lib')]),
      await layer([dir('lib/'), file('lib/y')]),
    );
    expect(facts.entries.get('lib')?.type).toBe('directory');
    expect(facts.entries.has('lib/y')).toBe(true);
  });

  it('lets a whiteout hide a file or a whole folder of lower layers', async () => {
    expect(await paths([dir('a/'), file('a/f'), dir('b/'), file('b/g')], [file('a/.wh.f'), file('.wh.b')])).toEqual([
      'a',
    ]);
  });

  it.each([
    ['before', [file('a/.wh.f'), file('a/f', 'new')]],
    ['after', [file('a/f', 'new'), file('a/.wh.f')]],
  ])('never hides a sibling of the same layer with a whiteout %s it', async (_when, members) => {
    const facts = await read(await layer([file('a/f', 'old')]), await layer(members));
    expect(Buffer.from(facts.captured.get('a/f') ?? '').toString()).toBe('new');
  });

  it('lets an opaque mark hide all that lies below and no sibling', async () => {
    expect(await paths([file('a/old'), file('b')], [file('a/new'), file('a/.wh..wh..opq')])).toEqual([
      'a',
      'a/new',
      'b',
    ]);
  });

  it('updates the attributes of a directory and keeps its content', async () => {
    const facts = await read(await layer([dir('a/'), file('a/f')]), await layer([dir('a/', { mode: 0o700, uid: 5 })]));
    expect(facts.entries.get('a')).toMatchObject({ mode: 0o700, uid: 5 });
    expect(facts.entries.has('a/f')).toBe(true);
  });

  it('replaces a directory by a file with all its content', async () => {
    expect(await paths([dir('a/'), file('a/f')], [file('a')])).toEqual(['a']);
  });

  it('gives hard links the attributes and content of their file', async () => {
    const facts = await read(
      await layer([file('f', 'x', { mode: 0o755 }), { name: 'g', type: 'link', linkname: './f' }]),
    );
    expect(facts.entries.get('g')).toMatchObject({ type: 'hardlink', target: 'f', mode: 0o755, size: 1 });
    expect(facts.captured.has('g')).toBe(true);
  });

  it('makes up missing parents as runtimes do', async () => {
    const facts = await read(await layer([file('a/b/c')]));
    expect(facts.entries.get('a/b')).toEqual({ type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 });
  });

  it('refuses paths that leave the image', async () => {
    const bad = await layer([file('a/../../etc/passwd')]);
    await expectCode(() => read(bad), 'LAYER_INVALID');
  });

  it('refuses a layer with another diff ID', async () => {
    const wrong = { ...(await layer([file('a')])), diffId: `sha256:${'0'.repeat(64)}` as const };
    await expectCode(() => read(wrong), 'DIGEST_MISMATCH');
  });

  it('refuses damaged compression and cut archives', async () => {
    const damaged = await layer([file('a', 'x'.repeat(5000))], (bytes) => gzipSync(bytes).fill(0xff, 40, 60));
    await expectCode(() => read(damaged), 'LAYER_INVALID');
    const cut = await layer([file('a', 'x'.repeat(5000))], (bytes) => bytes.subarray(0, 1000));
    await expectCode(() => read(cut), 'LAYER_INVALID');
  });

  it('ends in a loop of symlinks with a word about it', async () => {
    const loop = await layer([link('a', 'b'), link('b', 'a'), file('a/x')]);
    await expectCode(() => read(loop), 'ENTRY_INVALID');
  });

  it('survives the cache unchanged', async () => {
    const facts = await read(await layer([dir('a/', { mode: 0o1777 }), file('a/f', 'x'), link('l', 'a')]));
    expect(decodeFacts(encodeFacts(facts))).toEqual(facts);
  });
});
