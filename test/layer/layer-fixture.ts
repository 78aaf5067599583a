// What the tests of this room share: packing into a folder of its own, and host files that stand for wheels.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Header } from 'tar-stream';
import { onTestFinished } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { Entry, FileEntry, HostRange } from '../../src/filesystem/entry.ts';
import type { Inflater } from '../../src/layer/inflater.ts';
import { layerContent } from './layer-content.ts';
import { pack } from '../../src/layer/pack.ts';
import type { PackedLayer } from '../../src/layer/recipe.ts';
import { paddingOf, tarHeader } from '../../src/layer/tar.ts';
import { drain } from '../expect-code.ts';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'imagespec-layer-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface PackedBytes {
  readonly packed: PackedLayer;
  readonly blob: Buffer;
  readonly tar: Buffer;
}

/** Packs, reads the blob through its recipe, and checks what must hold for every layer. */
export async function packBytes(entries: readonly Entry[], inflater?: Inflater): Promise<PackedBytes> {
  const packed = await pack(createContext(), { entries, literals: join(temporaryFolder(), 'literals') }, inflater);
  const blob = await drain(layerContent(packed).open(createContext()));
  const tar = gunzipSync(blob);
  if (digestOf(tar) !== packed.diffId) throw new Error('the diff ID is not that of the tar');
  if (tar.length !== packed.uncompressedSize) throw new Error('the uncompressed size is not that of the tar');
  return { packed, blob, tar };
}

/** A host file of several ranges, as a wheel is one. */
export function wheelOf(members: readonly { data: Buffer; stream: Buffer; stored?: boolean }[]): HostRange[] {
  const file = join(temporaryFolder(), 'wheel');
  const gap = Buffer.from('PK local header');
  writeFileSync(file, Buffer.concat(members.flatMap(({ stream }) => [gap, stream])));
  let offset = 0;
  return members.map(({ data, stream, stored = false }) => {
    offset += gap.length;
    const range: HostRange = {
      kind: 'range',
      file,
      offset,
      length: stream.length,
      encoding: stored ? 'identity' : 'deflate',
      size: data.length,
      crc32: crc32(data),
    };
    offset += stream.length;
    return range;
  });
}

export function rangeFile(path: string, content: HostRange): FileEntry {
  return { type: 'file', path, mode: 0o644, uid: 0, gid: 0, mtime: 0, content };
}

/** The tar that a layer of these files must inflate to, in their order. */
export function plainTar(files: readonly { readonly name: string; readonly data: Buffer }[]): Buffer {
  const common = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, linkName: '' } as const;
  const parts = files.flatMap(({ name, data }) => [
    tarHeader({ ...common, name, size: data.length }),
    data,
    Buffer.alloc(paddingOf(data.length)),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

export interface ReadEntry {
  readonly header: Header;
  readonly body: Buffer;
}

/** The entries of a tar as tar-stream reads them. */
export async function readTar(tar: Buffer): Promise<ReadEntry[]> {
  const reader = extract();
  const read: ReadEntry[] = [];
  reader.end(tar);
  for await (const entry of reader)
    read.push({ header: entry.header, body: await drain(entry as AsyncIterable<Uint8Array>) });
  return read;
}

/** Numbers that look random and are the same in every run. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The order of paths in a layer, said in another way than the product says it. */
export function comparePaths(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a.replaceAll('/', '\0')), Buffer.from(b.replaceAll('/', '\0')));
}

/** Small contents of many kinds: noise, few letters, runs, matches near and far. */
export function randomData(random: (below: number) => number): Buffer {
  const size = [0, 1, 2, 3, 5, 17, 100, 1000, 4000][random(9)]! + random(50) + (random(60) === 0 ? 70_000 : 0);
  const kind = random(5);
  const data = Buffer.alloc(size);
  for (let i = 0; i < size; i++) {
    if (kind === 1) data[i] = random(256);
    else if (kind === 2) data[i] = 97 + random(4);
    else if (kind === 3) data[i] = i * 7;
    else if (kind === 4) data[i] = random(10) ? 32 + random(64) : data[Math.max(0, i - 1 - random(3000))]!;
  }
  return data;
}
