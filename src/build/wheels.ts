// The wheels of a lock on this host: from the cache, else fetched, with the credentials that the spec's own index URLs carry.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { fetchWheels } from '../python/fetch.ts';
import type { LockedWheel } from '../python/lock.ts';
import type { ImageSpec } from '../spec/spec.ts';
import type { Services } from './services.ts';
import { metered } from './services.ts';

export interface WheelShelf {
  /** Host paths by digest of all wheels that are asked for. */
  readonly fetch: (ctx: Context, wheels: readonly LockedWheel[]) => Promise<ReadonlyMap<Digest, string>>;
  /** Host path of any source of a recipe; a wheel that the cache has lost is fetched again. */
  readonly find: (ctx: Context, digest: Digest) => Promise<string>;
  /** Digests of all wheels that are here, by host path. */
  readonly digests: ReadonlyMap<string, Digest>;
}

export function createShelf(
  spec: ImageSpec,
  all: readonly LockedWheel[],
  services: Services,
  offline: boolean,
): WheelShelf {
  const { cache, http, downloads } = services;
  const digests = new Map<string, Digest>();
  const indexes = [spec.pipIndex, ...(spec.pipExtraIndexUrl ?? [])].flatMap((url) => (url ? [URL.parse(url)] : []));
  const open = (ctx: Context, wheel: LockedWheel): AsyncIterable<Uint8Array> =>
    metered(http.download(ctx, wheel.url, { headers: authorization(wheel.url, indexes) }), downloads);
  const fetch = async (ctx: Context, wheels: readonly LockedWheel[]): Promise<ReadonlyMap<Digest, string>> => {
    const files = await fetchWheels(ctx, wheels, { cache, open, offline });
    for (const [digest, file] of files) digests.set(file, digest);
    return files;
  };
  const find = async (ctx: Context, digest: Digest): Promise<string> => {
    const known = await cache.find(digest);
    if (known) return known;
    const wheel = all.find((one) => one.digest === digest);
    const file = wheel && (await fetch(ctx, [wheel])).get(digest);
    if (file) return file;
    throw new ImageSpecError('FILE_CHANGED', `The cache has lost ${digest}, which a layer is made of`, {
      hint: 'Build again with --no-cache.',
    });
  };
  return { fetch, find, digests };
}

/** Credentials in an index URL hold for its files as long as they lie on the same host. */
function authorization(url: string, indexes: readonly (URL | null)[]): Record<string, string> {
  const host = URL.parse(url)?.host;
  const index = indexes.find((one) => one?.host === host && one?.username);
  if (!index) return {};
  const pair = `${decodeURIComponent(index.username)}:${decodeURIComponent(index.password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}
