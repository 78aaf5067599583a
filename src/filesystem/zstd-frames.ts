// A zstd stream cut where its blocks end (RFC 8878). Node's decoder takes a frame that ends within a chunk for the end of the stream
// and silently drops what follows; given whole blocks, it goes on with the next frame. Layers of podman (zstd:chunked) have thousands of frames.
import type { ByteReader } from './byte-reader.ts';

const MAGIC = 0xfd2fb528;
/** The lowest four bits are free (RFC 8878, 3.1.2). */
const SKIPPABLE = 0x184d2a50;

/** Sizes in bytes by the two bits of the frame header that say them (RFC 8878, 3.1.1.1). */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;

export function isZstd(start: Uint8Array): boolean {
  if (start.length < 4) return false;
  const magic = Buffer.from(start).readUInt32LE();
  return magic === MAGIC || isSkippable(magic);
}

const isSkippable = (magic: number): boolean => (magic & ~0xf) === SKIPPABLE;

/** Headers and blocks one by one, without skippable frames. What is cut or no frame is passed on: the decoder says what is wrong with it. */
export async function* zstdBlocks(reader: ByteReader): AsyncGenerator<Uint8Array, void, undefined> {
  for (let start = await reader.take(4); start.length > 0; start = await reader.take(4)) {
    const magic = start.length === 4 ? start.readUInt32LE() : 0;
    if (isSkippable(magic)) {
      const size = await reader.take(4);
      await reader.skip(size.length === 4 ? size.readUInt32LE() : 0);
    } else if (magic === MAGIC) {
      yield* frameBlocks(reader, start);
    } else {
      yield start;
      yield* reader.rest();
    }
  }
}

async function* frameBlocks(reader: ByteReader, magic: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  const descriptor = await reader.take(1);
  const flags = descriptor[0] ?? 0;
  const isSingleSegment = (flags & 0b10_0000) !== 0;
  const contentSize = CONTENT_SIZE_BYTES[(flags >> 6) as 0 | 1 | 2 | 3];
  const fields =
    (isSingleSegment ? Math.max(1, contentSize) : contentSize + 1) +
    DICTIONARY_ID_BYTES[(flags & 0b11) as 0 | 1 | 2 | 3];
  yield Buffer.concat([magic, descriptor, await reader.take(fields)]);
  for (let isLast = false; !isLast;) {
    const header = await reader.take(3);
    const bits = header.length === 3 ? header.readUIntLE(0, 3) : 1;
    isLast = (bits & 1) === 1;
    const isRunLength = ((bits >> 1) & 0b11) === 1;
    const checksum = isLast && (flags & 0b100) !== 0 ? 4 : 0;
    yield Buffer.concat([header, await reader.take((isRunLength ? 1 : bits >> 3) + checksum)]);
  }
}
