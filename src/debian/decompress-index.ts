// Indices come compressed: the bytes inside, as a stream, and never more of them than there may be.
import { ImageSpecError, messageOf } from '../core/error.ts';
import { decompressed } from '../filesystem/decompress.ts';

/** Endings of an index in the order in which they are asked for: smallest first. */
export const ENDINGS = ['.xz', '.zst', '.gz', ''] as const;
export type Ending = (typeof ENDINGS)[number];

/** Throws `RELEASE_INVALID` for bytes that are not so compressed, `TOO_LARGE` beyond `limitBytes` of content. */
export async function* decompressIndex(
  bytes: AsyncIterable<Uint8Array>,
  ending: Ending,
  limitBytes: number,
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  for await (const chunk of contentOf(bytes, ending, what)) {
    size += chunk.length;
    if (size > limitBytes) {
      throw new ImageSpecError('TOO_LARGE', `${what} holds more than ${limitBytes} bytes`, {
        hint: 'It is larger than its Release file says, or than any index is: use another mirror.',
        facts: { limit: limitBytes },
      });
    }
    yield chunk;
  }
}

function contentOf(bytes: AsyncIterable<Uint8Array>, ending: Ending, what: string): AsyncIterable<Uint8Array> {
  if (ending === '') return bytes;
  if (ending === '.xz') return unxz(bytes, what);
  return decompressed(bytes, (why, { cause } = {}) => damaged(what, why, cause));
}

async function* unxz(bytes: AsyncIterable<Uint8Array>, what: string): AsyncGenerator<Uint8Array, void, undefined> {
  const { XzReadableStream } = await import('xz-decompress');
  let failure: unknown;
  const source = ReadableStream.from(noting(bytes, (error) => (failure = error)));
  try {
    yield* new XzReadableStream(source);
  } catch (cause) {
    throw failure ?? damaged(what, `cannot be decompressed: ${messageOf(cause)}`, cause);
  }
}

/** Passes bytes through and notes what their source throws, to tell it from what the decoder throws. */
async function* noting(bytes: AsyncIterable<Uint8Array>, note: (error: unknown) => void): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    note(error);
    throw error;
  }
}

function damaged(what: string, why: string, cause: unknown): ImageSpecError {
  return new ImageSpecError('RELEASE_INVALID', `${what} ${why}`, {
    hint: 'The archive is damaged, though its signature is right: ask its owner.',
    cause,
  });
}
