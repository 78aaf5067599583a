// Wheels come to this host: several at a time, verified while they arrive, kept by their sha256.
import { fileURLToPath } from 'node:url';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import { counted } from '../core/counted.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError, isImageSpecError } from '../core/error.ts';
import { createLimit, mapLimited } from '../core/limit.ts';
import type { ContentScanner } from '../layer/scan-content.ts';
import { openScanner } from '../layer/scan-content.ts';
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
  const verifier = createVerifier(ctx, options.cache);
  try {
    const files = await mapLimited(ctx, wheels, DOWNLOADS_AT_ONCE, async (wheel) => {
      const file = await fetchWheel(ctx, wheel, options);
      await verifier.verify(wheel, file);
      return [wheel.digest, file] as const;
    });
    return new Map(files);
  } finally {
    await verifier.close();
  }
}

/** Verifies a wheel that was not verified before; one after the other, since it is work for this thread and its buffers. */
function createVerifier(ctx: Context, cache: LocalCache) {
  const inTurn = createLimit(1);
  let scanner: Promise<ContentScanner> | undefined;
  return {
    verify: async ({ digest, filename }: LockedWheel, file: string): Promise<void> => {
      if (await cache.readRecord('wheel', digest)) return;
      await inTurn(async () => {
        const wheel = await readWheel(ctx, file, filename);
        await verifyRecord(ctx, wheel, await (scanner ??= openScanner(ctx)));
      });
      await cache.writeRecord('wheel', digest, new TextEncoder().encode(filename));
    },
    close: async () => (await scanner)?.close(),
  };
}

async function fetchWheel(ctx: Context, wheel: LockedWheel, { cache, open, offline }: FetchOptions): Promise<string> {
  const { digest, filename, size, url } = wheel;
  return (await cache.find(digest)) ?? download();

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
      cache.keep(ctx, expected, `wheel ${filename}`, (inner) =>
        counted(bytes(inner), (done) => {
          progress(done);
          if (done > WHEEL_LIMIT_BYTES) throw tooLarge(filename);
        }),
      ),
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
