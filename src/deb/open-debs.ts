// Packages are fetched and unpacked at the same time, on as many threads as there are processors: xz and compression are what takes time.
import type { Context } from '../core/context.ts';
import { step, throwIfAborted, together } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { createLimit } from '../core/limit.ts';
import type { WorkPool } from '../layer/work-pool.ts';
import { DOWNLOADS_AT_ONCE } from '../store/fetch-blob.ts';
import type { FetchDebOptions } from './fetch-debs.ts';
import { fetchDeb } from './fetch-debs.ts';
import type { LockedDeb } from './locked-deb.ts';
import { openDeb } from './open-deb.ts';
import type { OpenedDeb } from './opened-deb.ts';
import type { UnpackedDeb, UnpackRequest } from './unpack-deb.ts';
import { UNPACK_MODULE } from './unpack-module.ts';

export interface OpenDebsOptions extends FetchDebOptions {
  readonly pool: WorkPool;
}

/** Opened packages by digest; those that the cache knows cost only their record. Throws as `fetchBlob` and `openDeb` do. */
export async function openDebs(
  ctx: Context,
  debs: readonly LockedDeb[],
  options: OpenDebsOptions,
): Promise<ReadonlyMap<Digest, OpenedDeb>> {
  const limit = createLimit(DOWNLOADS_AT_ONCE);
  // Large ones are fetched first: what is unpacked last should be short.
  const ordered = [...debs].sort((a, b) => b.size - a.size);
  const opened = await together(
    ctx,
    ordered.map((deb) => async (inner) => {
      const fetch = (): Promise<string> =>
        limit(() => {
          throwIfAborted(inner);
          return fetchDeb(inner, deb, options);
        });
      const unpack = (still: Context, request: UnpackRequest): Promise<UnpackedDeb> =>
        step(still, { step: 'unpack', subject: request.subject }, async () => {
          const work = { module: UNPACK_MODULE, request, effort: deb.size, startsThreads: true, isShort: true };
          return (await options.pool.run(still, work)) as UnpackedDeb;
        });
      return [deb.digest, await openDeb(inner, fetch, deb.digest, deb, { cache: options.cache, unpack })] as const;
    }),
  );
  return new Map(opened);
}
