// A digest is the identity of bytes; this file parses it and makes every reader check it while reading.
import { createHash } from 'node:crypto';
import { ImageSpecError } from './error.ts';

/** `sha256:<64 lower-case hex>`: the one algorithm every registry and runtime must support (image-spec, descriptor.md). */
export type Digest = `sha256:${string}`;

const SHA256 = /^sha256:[a-f0-9]{64}$/;

export function isDigest(text: string): text is Digest {
  return SHA256.test(text);
}

/** Parses a digest; throws `DIGEST_INVALID` on anything but sha256 in lower-case hex. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new ImageSpecError('DIGEST_INVALID', `"${text.slice(0, 100)}" is not a sha256 digest`, {
    hint: 'A digest is "sha256:" and 64 lower-case hexadecimal digits.',
  });
}

/** The hex part, as used for file names. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export interface Expected {
  readonly digest: Digest;
  /** Bytes; unknown sizes (an index without sizes) are left out. */
  readonly size?: number;
}

/**
 * Passes bytes through and throws at the first sign that they are not the expected ones:
 * `SIZE_MISMATCH` as soon as one byte too many arrives or at a short end, `DIGEST_MISMATCH` at the end.
 * @param what names the bytes in the error, e.g. `layer sha256:… of docker.io/library/python:3.12`
 */
export async function* verified(
  bytes: AsyncIterable<Uint8Array>,
  expected: Expected,
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (expected.size !== undefined && size > expected.size) throw sizeMismatch(what, expected.size, size);
    hash.update(chunk);
    yield chunk;
  }
  if (expected.size !== undefined && size !== expected.size) throw sizeMismatch(what, expected.size, size);
  const found = `sha256:${hash.digest('hex')}`;
  if (found !== expected.digest) {
    throw new ImageSpecError('DIGEST_MISMATCH', `${what} has digest ${found} instead of ${expected.digest}`, {
      hint: 'The bytes were changed on their way or on disk: try again, and if it repeats, clear the cache and ask the owner of the source.',
      facts: { expected: expected.digest, found },
    });
  }
}

function sizeMismatch(what: string, expected: number, found: number): ImageSpecError {
  return new ImageSpecError(
    'SIZE_MISMATCH',
    `${what} should have ${expected} bytes, but has ${found > expected ? 'more' : found}`,
    {
      hint: 'The transfer was cut or the source is wrong: try again.',
      facts: { expected, found },
    },
  );
}

/** Reads a whole small document, bounded. Throws `TOO_LARGE` beyond `limit` bytes. */
export async function readAll(bytes: AsyncIterable<Uint8Array>, limit: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > limit) {
      throw new ImageSpecError('TOO_LARGE', `${what} is larger than the limit of ${limit} bytes`, { facts: { limit } });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
