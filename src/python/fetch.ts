// Wheels come to this host: several at a time, verified while they arrive, kept by their sha256.
import { fileURLToPath } from 'node:url';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError, isImageSpecError } from '../core/error.ts';
import { mapLimited } from '../core/limit.ts';
import type { LocalCache } from '../store/cache.ts';
import { readRange } from '../store/disk.ts';
import type { LockedWheel } from './lock.ts';
import { readWheel, verifyRecord } from './wheel.ts';

export interface FetchOptions {
  readonly cache: LocalCache;
  /** Bytes of a wheel at an http or https URL. */
  readonly open: (ctx: Context, wheel: LockedWheel) => AsyncIterable<Uint8Array>;
  readonly offline: boolean;
}

/** More at once gains nothing with the indexes of today (measured for registries; the servers are of one kind). */
const DOWNLOADS_AT_ONCE = 8;

/** Where the lock tells no size, a server could send without end. The largest wheels known (CUDA) stay below 4 GB. */
const WHEEL_LIMIT_BYTES = 16e9;

/** Host paths by digest. A wheel that comes in for the first time is compared with its own RECORD, file by file. */
export async function fetchWheels(
  ctx: Context,
  wheels: readonly LockedWheel[],
  options: FetchOptions,
): Promise<ReadonlyMap<Digest, string>> {
  const files = await mapLimited(ctx, wheels, DOWNLOADS_AT_ONCE, async (wheel) => {
    return [wheel.digest, await fetchWheel(ctx, wheel, options)] as const;
  });
  return new Map(files);
}

async function fetchWheel(ctx: Context, wheel: LockedWheel, { cache, open, offline }: FetchOptions): Promise<string> {
  const { digest, filename, size, url } = wheel;
  const known = await cache.find(digest);
  const file = known ?? (await download());
  if (!(await cache.readRecord('wheel', digest))) {
    await verifyRecord(ctx, await readWheel(ctx, file, filename));
    await cache.writeRecord('wheel', digest, new TextEncoder().encode(filename));
  }
  return file;

  function download(): Promise<string> {
    if (url.startsWith('file:')) return keep(() => localBytes(fileURLToPath(url), filename));
    if (!offline) return keep((inner) => open(inner, wheel));
    throw new ImageSpecError('OFFLINE', `${filename} is not in the cache and --offline was given`, {
      hint: 'Build once without --offline.',
    });
  }

  function keep(bytes: (inner: Context) => AsyncIterable<Uint8Array>): Promise<string> {
    const expected = { digest, ...(size !== undefined && { size }) };
    return step(ctx, { step: 'download', subject: filename, total: size, unit: 'bytes' }, ({ progress }) =>
      cache.keep(ctx, expected, `wheel ${filename}`, async function* (inner) {
        let done = 0;
        for await (const chunk of bytes(inner)) {
          progress((done += chunk.length));
          if (done > WHEEL_LIMIT_BYTES) throw tooLarge(filename);
          yield chunk;
        }
      }),
    );
  }
}

async function* localBytes(file: string, filename: string): AsyncGenerator<Uint8Array> {
  try {
    yield* readRange(file);
  } catch (cause) {
    if (!isImageSpecError(cause) || cause.code !== 'NOT_FOUND') throw cause;
    throw new ImageSpecError(
      'NOT_FOUND',
      `The lock names a wheel ${filename} on this machine, but there is no ${file}`,
      {
        hint: 'Put the wheel there, or make the lock anew: paths in it are relative to its own folder.',
        cause,
      },
    );
  }
}

function tooLarge(filename: string): ImageSpecError {
  return new ImageSpecError('TOO_LARGE', `${filename} is larger than the limit of ${WHEEL_LIMIT_BYTES} bytes`, {
    hint: 'No wheel is that large: the server sends something else. Check the URL in the lock.',
  });
}
