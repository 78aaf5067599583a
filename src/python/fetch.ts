// Wheels come to this host: several at a time, verified while they arrive, kept by their sha256.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { createLimit, mapLimited } from '../core/limit.ts';
import type { ContentScanner } from '../layer/scan-content.ts';
import { openScanner } from '../layer/scan-content.ts';
import type { LocalCache } from '../store/cache.ts';
import { DOWNLOADS_AT_ONCE, fetchBlob } from '../store/fetch-blob.ts';
import type { LockedWheel } from './lock.ts';
import { readWheel, verifyRecord } from './wheel.ts';

export interface FetchOptions {
  readonly cache: LocalCache;
  /** Bytes of a wheel at an http or https URL. */
  readonly open: (ctx: Context, wheel: LockedWheel) => AsyncIterable<Uint8Array>;
  readonly offline: boolean;
}

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

function fetchWheel(ctx: Context, wheel: LockedWheel, { cache, open, offline }: FetchOptions): Promise<string> {
  const { digest, filename, size, url } = wheel;
  const blob = { kind: 'wheel', name: filename, url, digest, size, limitBytes: WHEEL_LIMIT_BYTES };
  return fetchBlob(ctx, blob, { cache, offline, open: (inner) => open(inner, wheel) });
}
