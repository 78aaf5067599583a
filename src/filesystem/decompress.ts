// The tar inside a layer's blob: by its first bytes, since layers with the wrong media type exist (image-spec, layer.md).
import { pipeline, Readable } from 'node:stream';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ImageSpecError, isImageSpecError, messageOf } from '../core/error.ts';

/** Large buffers: each costs a turn of the event loop. */
const BUFFER_BYTES = 1 << 20;

export async function* decompressed(bytes: AsyncIterable<Uint8Array>, what: string): AsyncGenerator<Uint8Array> {
  const source = bytes[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let length = 0;
  while (length < 4) {
    const { done, value } = await source.next();
    if (done) break;
    head.push(value);
    length += value.length;
  }
  const decoder = decoderFor(Buffer.concat(head).subarray(0, 4));
  const all = rejoined(head, source);
  if (!decoder) {
    yield* all;
    return;
  }
  // Failures of either end destroy the decoder, whose iteration then throws them.
  pipeline(Readable.from(all, { objectMode: false }), decoder, () => undefined);
  try {
    for await (const chunk of decoder) yield chunk as Uint8Array;
  } catch (cause) {
    if (isImageSpecError(cause)) throw cause;
    throw new ImageSpecError('LAYER_INVALID', `${what} cannot be decompressed: ${messageOf(cause)}`, {
      hint: 'The base image is damaged at its source: pull it with another tool to make sure, and push it again.',
      cause,
    });
  }
}

function decoderFor(magic: Uint8Array): Transform | undefined {
  const hex = Buffer.from(magic).toString('hex');
  if (hex.startsWith('1f8b')) return createGunzip({ chunkSize: BUFFER_BYTES });
  if (hex === '28b52ffd') return createZstdDecompress({ chunkSize: BUFFER_BYTES });
  return undefined;
}

async function* rejoined(head: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
