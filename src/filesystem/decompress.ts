// The tar inside a layer's blob, by its first bytes: layers with the wrong media type exist, and engines look at the bytes too.
import { pipeline, Readable } from 'node:stream';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { messageOf, systemCode } from '../core/error.ts';
import { ByteReader } from './byte-reader.ts';
import type { Refuse } from './layer-error.ts';
import { isZstd, zstdBlocks } from './zstd-frames.ts';

/** Large buffers: each costs a turn of the event loop. */
const BUFFER_BYTES = 1 << 20;

/** gzip of any number of members (RFC 1952), zstd of any number of frames (RFC 8878), or the bytes as they are. */
export async function* decompressed(
  bytes: AsyncIterable<Uint8Array>,
  refuse: Refuse,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = new ByteReader(bytes);
  try {
    const start = Buffer.from(await reader.take(4));
    reader.unread(start);
    if (start[0] === 0x1f && start[1] === 0x8b)
      yield* through(createGunzip({ chunkSize: BUFFER_BYTES }), reader.rest(), refuse);
    else if (isZstd(start))
      yield* through(createZstdDecompress({ chunkSize: BUFFER_BYTES }), zstdBlocks(reader), refuse);
    else yield* reader.rest();
  } finally {
    await reader.close();
  }
}

async function* through(
  decoder: Transform,
  bytes: AsyncIterable<Uint8Array>,
  refuse: Refuse,
): AsyncGenerator<Uint8Array, void, undefined> {
  // A failure of either end destroys the decoder, whose iteration then throws it.
  pipeline(Readable.from(bytes), decoder, () => undefined);
  try {
    yield* decoder as AsyncIterable<Uint8Array>;
  } catch (cause) {
    if (/^Z(STD)?_/.test(systemCode(cause) ?? ''))
      throw refuse(`cannot be decompressed: ${messageOf(cause)}`, { cause });
    throw cause;
  }
}
