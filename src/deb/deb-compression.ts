// What the suffix of a member of a package promises, and nothing else.
import { ByteReader } from '../filesystem/byte-reader.ts';
import { decompressed } from '../filesystem/decompress.ts';
import type { Refuse } from '../filesystem/layer-error.ts';
import { decompressXz } from './xz.ts';

export type Compression = 'none' | 'gz' | 'xz' | 'zst';

/** By suffix; deb(5) knows `.bz2` and `.lzma` too, which no package of this century's distributions has. */
const COMPRESSIONS: Readonly<Record<string, Compression>> = { '': 'none', '.gz': 'gz', '.xz': 'xz', '.zst': 'zst' };

const MAGIC = { gz: Buffer.from([0x1f, 0x8b]), zst: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) } as const;

/** @param suffix what stands behind `.tar` */
export function compressionOf(suffix: string, refuse: Refuse): Compression {
  const found = COMPRESSIONS[suffix];
  if (!found) throw refuse(`is compressed in a way that is not supported (${suffix.slice(1)})`);
  return found;
}

export function decompressMember(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  refuse: Refuse,
): AsyncIterable<Uint8Array> {
  if (compression === 'none') return bytes;
  if (compression === 'xz') return decompressXz(bytes, refuse);
  return decompressed(startingWith(bytes, MAGIC[compression], refuse), refuse);
}

async function* startingWith(
  bytes: AsyncIterable<Uint8Array>,
  magic: Buffer,
  refuse: Refuse,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = new ByteReader(bytes);
  try {
    const start = Buffer.from(await reader.take(magic.length));
    if (!start.equals(magic)) throw refuse('is not compressed as its name says');
    yield start;
    yield* reader.rest();
  } finally {
    await reader.close();
  }
}
