// Packages are fetched and unpacked at the same time, on as many threads as there are processors: xz and compression are what takes time.
import { extname } from 'node:path';
import type { Context } from '../core/context.ts';
import { step, throwIfAborted, together } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { createLimit } from '../core/limit.ts';
import { createWorkPool } from '../layer/work-pool.ts';
import { DOWNLOADS_AT_ONCE } from '../store/fetch-blob.ts';
import type { FetchDebOptions } from './fetch-debs.ts';
import { fetchDeb } from './fetch-debs.ts';
import type { LockedDeb } from './locked-deb.ts';
import { openDeb } from './open-deb.ts';
import type { OpenedDeb } from './opened-deb.ts';
import type { UnpackedDeb, UnpackRequest } from './unpack-deb.ts';

export interface OpenDebsOptions extends FetchDebOptions {
  /** Threads beside the calling one, which does everything if there are none. */
  readonly workers: number;
}

/** The worker's file has the extension of this one, be it source or built. */
const WORKER_FILE = new URL(`./deb-worker${extname(import.meta.url)}`, import.meta.url);

/** Opened packages by digest; those that the cache knows cost only their record. Throws as `fetchBlob` and `openDeb` do. */
export async function openDebs(
  ctx: Context,
  debs: readonly LockedDeb[],
  options: OpenDebsOptions,
): Promise<ReadonlyMap<Digest, OpenedDeb>> {
  const limit = createLimit(DOWNLOADS_AT_ONCE);
  // Large ones are fetched first: what is unpacked last should be short.
  const ordered = [...debs].sort((a, b) => b.size - a.size);
  const pool = createWorkPool<UnpackRequest, UnpackedDeb>({
    workers: options.workers,
    workerFile: WORKER_FILE,
    here: async (inner, request) => (await import('./unpack-deb.ts')).unpackDeb(inner, request),
    helps: () => true,
  });
  try {
    const opened = await together(
      ctx,
      ordered.map((deb) => async (inner) => {
        const fetch = (): Promise<string> =>
          limit(() => {
            throwIfAborted(inner);
            return fetchDeb(inner, deb, options);
          });
        const unpack = (still: Context, request: UnpackRequest): Promise<UnpackedDeb> =>
          step(still, { step: 'unpack', subject: request.subject }, () => pool.run(still, request, deb.size));
        return [deb.digest, await openDeb(inner, fetch, deb.digest, deb, { cache: options.cache, unpack })] as const;
      }),
    );
    return new Map(opened);
  } finally {
    await pool.close();
  }
}
