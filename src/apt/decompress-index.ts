// Indices come compressed: the bytes inside, as a stream, and never more of them than there may be.
import { ImageSpecError } from '../core/error.ts';
import { decompressed } from '../filesystem/decompress.ts';
import { decompressXz } from '../deb/xz.ts';

/**
 * Endings of an index in the order in which they are asked for: what Node itself decompresses comes first. bookworm's main has 9 MB as .xz
 * and 12 MB as .gz, which takes 0.1 s instead of 0.7 s: more is gained from 40 Mbit/s on, and less lost on slower lines than a tenth.
 */
export const ENDINGS = ['.zst', '.gz', '.xz', ''] as const;
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
  if (ending === '.xz') return decompressXz(bytes, (why, { cause } = {}) => damaged(what, why, cause));
  return decompressed(bytes, (why, { cause } = {}) => damaged(what, why, cause));
}

function damaged(what: string, why: string, cause: unknown): ImageSpecError {
  return new ImageSpecError('RELEASE_INVALID', `${what} ${why}`, {
    hint: 'The archive is damaged, though its signature is right: ask its owner.',
    cause,
  });
}
