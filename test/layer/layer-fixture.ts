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
import { layerContent } from '../../src/layer/layer-content.ts';
import { pack } from '../../src/layer/pack.ts';
import type { PackedLayer } from '../../src/layer/recipe.ts';
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
