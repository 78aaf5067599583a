// Bytes that a lock names by digest come to this host: verified while they arrive, kept in the cache, asked for once.
import { fileURLToPath } from 'node:url';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import { counted } from '../core/counted.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError, isImageSpecError } from '../core/error.ts';
import type { LocalCache } from './cache.ts';
import { readRange } from './disk.ts';

export interface LockedBlob {
  /** `wheel`, `package`: for messages, before the name. */
  readonly kind: string;
  readonly name: string;
  /** http, https or file. */
  readonly url: string;
  readonly digest: Digest;
  readonly size: number | undefined;
  /** Where no size is known, a server could send without end. */
  readonly limitBytes: number;
}

export interface BlobSource {
  readonly cache: LocalCache;
  /** Bytes at an http or https URL. */
  readonly open: (ctx: Context) => AsyncIterable<Uint8Array>;
  readonly offline: boolean;
}

/** More at once gains nothing with the indexes of today (measured for registries; the servers are of one kind). */
export const DOWNLOADS_AT_ONCE = 8;

/**
 * Host path of the bytes in the cache. Throws `OFFLINE`, `NOT_FOUND` for files that are not there, `TOO_LARGE`, what `open` throws, and
 * what `LocalCache.keep` does.
 */
export async function fetchBlob(ctx: Context, blob: LockedBlob, { cache, open, offline }: BlobSource): Promise<string> {
  const { kind, name, url, digest, size, limitBytes } = blob;
  return (await cache.find(digest)) ?? download();

  function download(): Promise<string> {
    if (url.startsWith('file:')) return keep(() => localBytes(fileURLToPath(url), blob));
    if (!offline) return keep(open);
    throw new ImageSpecError('OFFLINE', `${name} is not in the cache and --offline was given`, {
      hint: 'Build once without --offline.',
    });
  }

  function keep(bytes: (inner: Context) => AsyncIterable<Uint8Array>): Promise<string> {
    const expected = { digest, ...(size !== undefined && { size }) };
    return step(ctx, { step: 'download', subject: name, total: size, unit: 'bytes' }, ({ progress }) =>
      cache.keep(ctx, expected, `${kind} ${name}`, (inner) =>
        counted(bytes(inner), (done) => {
          progress(done);
          if (done > limitBytes) throw tooLarge(blob);
        }),
      ),
    );
  }
}

async function* localBytes(file: string, { kind, name }: LockedBlob): AsyncGenerator<Uint8Array> {
  try {
    yield* readRange(file);
  } catch (cause) {
    if (!isImageSpecError(cause) || cause.code !== 'NOT_FOUND') throw cause;
    throw new ImageSpecError('NOT_FOUND', `The lock names a ${kind} ${name} on this machine, but there is no ${file}`, {
      hint: `Put the ${kind} there, or make the lock anew: paths in it are relative to its own folder.`,
      cause,
    });
  }
}

function tooLarge({ kind, name, limitBytes }: LockedBlob): ImageSpecError {
  return new ImageSpecError('TOO_LARGE', `${name} is larger than the limit of ${limitBytes} bytes`, {
    hint: `No ${kind} is that large: the server sends something else. Check the URL in the lock.`,
  });
}
