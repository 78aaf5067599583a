// Packages come to this host as wheels do: several at a time, verified while they arrive, kept by their sha256.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { mapLimited } from '../core/limit.ts';
import type { LocalCache } from '../store/cache.ts';
import { DOWNLOADS_AT_ONCE, fetchBlob } from '../store/fetch-blob.ts';
import type { LockedDeb } from './locked-deb.ts';

export interface FetchDebOptions {
  readonly cache: LocalCache;
  /** Bytes of a package at an http or https URL. */
  readonly open: (ctx: Context, deb: LockedDeb) => AsyncIterable<Uint8Array>;
  readonly offline: boolean;
}

/** Host paths by digest. Throws as `fetchBlob` does. */
export async function fetchDebs(
  ctx: Context,
  debs: readonly LockedDeb[],
  options: FetchDebOptions,
): Promise<ReadonlyMap<Digest, string>> {
  const files = await mapLimited(ctx, debs, DOWNLOADS_AT_ONCE, async (deb) => {
    return [deb.digest, await fetchDeb(ctx, deb, options)] as const;
  });
  return new Map(files);
}

export function fetchDeb(ctx: Context, deb: LockedDeb, { cache, open, offline }: FetchDebOptions): Promise<string> {
  const { name, version, architecture, url, digest, size } = deb;
  const blob = { kind: 'package', name: `${name}_${version}_${architecture}`, url, digest, size, limitBytes: size };
  return fetchBlob(ctx, blob, { cache, offline, open: (inner) => open(inner, deb) });
}
