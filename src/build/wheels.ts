// The wheels of a lock on this host: from the cache, else fetched, with the credentials that the spec's own index URLs carry.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import type { LockedWheel } from '../python/lock.ts';
import type { Inputs } from './inputs.ts';
import { openKeyring, takeAuthorization, withLogins } from './index-login.ts';
import { accessFinder } from './pip-access.ts';
import type { Job } from './job.ts';
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

/** @param findOther of sources that are no wheels */
export function createShelf(
  openUrl: UrlOpener,
  all: readonly LockedWheel[],
  services: Services,
  offline: boolean,
  findOther: (ctx: Context, digest: Digest) => Promise<string | undefined>,
): WheelShelf {
  const { cache } = services;
  const digests = new Map<string, Digest>();
  const open = (ctx: Context, wheel: LockedWheel): AsyncIterable<Uint8Array> => openUrl(ctx, new URL(wheel.url));
  const fetch = async (ctx: Context, wheels: readonly LockedWheel[]): Promise<ReadonlyMap<Digest, string>> => {
    const { fetchWheels } = await import('../python/fetch.ts');
    const files = await fetchWheels(ctx, wheels, { cache, open, offline });
    for (const [digest, file] of files) digests.set(file, digest);
    return files;
  };
  const find = async (ctx: Context, digest: Digest): Promise<string> => {
    const known = await cache.find(digest);
    if (known) return known;
    const wheel = all.find((one) => one.digest === digest);
    const file = wheel && (await fetch(ctx, [wheel])).get(digest);
    const other = file ?? (await findOther(ctx, digest));
    if (other) return other;
    throw new ImageSpecError('FILE_CHANGED', `The cache has lost ${digest}, which a layer is made of`, {
      hint: 'Build again with --no-cache.',
    });
  };
  return { fetch, find, digests };
}

/** Bytes at an http or https URL of an index. */
export type UrlOpener = (ctx: Context, url: URL) => AsyncIterable<Uint8Array>;

/** Opens files of indexes, with the credentials that belong to them. */
export function indexOpener({ services, secrets }: Pick<Job, 'services' | 'secrets'>, inputs: Inputs): UrlOpener {
  const { http, downloads, environment } = services;
  const access = accessFinder({ secrets, services });
  const { variables } = environment;
  const known = [...withLogins(inputs.indexes, variables), ...inputs.indexUrls, ...indexUrlsOf(variables)];
  const keyring = openKeyring(environment, inputs);
  return async function* (ctx, url) {
    const bare = new URL(url);
    const headers = await takeAuthorization(ctx, bare, { known, access: await access(), keyring });
    yield* metered(http.download(ctx, bare, { headers, isCheckedByReader: true }), downloads);
  };
}

/** What uv takes its indexes from: one URL, or several with a space between and a name before each (`corp=https://…`). */
const INDEX_VARIABLES = ['UV_DEFAULT_INDEX', 'UV_INDEX', 'UV_INDEX_URL', 'UV_EXTRA_INDEX_URL', 'UV_FIND_LINKS'];

function indexUrlsOf(variables: Readonly<Record<string, string | undefined>>): string[] {
  const urls = INDEX_VARIABLES.flatMap((name) => (variables[name] ?? '').split(/[\s,]+/));
  return urls.map((url) => url.replace(/^[\w.-]+=(?=https?:)/, ''));
}
