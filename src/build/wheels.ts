// The wheels of a lock on this host: from the cache, else fetched, with the credentials that the spec's own index URLs carry.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import type { LockedWheel } from '../python/lock.ts';
import { basicAuthorization, takeCredentials } from '../registry/url-credentials.ts';
import type { Inputs } from './inputs.ts';
import type { PipAccess } from './pip-access.ts';
import { loginFor } from './pip-access.ts';
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

/** Where packages come from, with what is needed to get them. */
type IndexPlaces = Pick<Inputs, 'indexUrls'> & { readonly access: () => Promise<PipAccess> };

/** @param findOther of sources that are no wheels */
export function createShelf(
  indexes: IndexPlaces,
  all: readonly LockedWheel[],
  services: Services,
  offline: boolean,
  findOther: (ctx: Context, digest: Digest) => Promise<string | undefined>,
): WheelShelf {
  const { cache } = services;
  const digests = new Map<string, Digest>();
  const openUrl = indexOpener(indexes, services);
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

/** Opens files of indexes, with the credentials that belong to them. */
export function indexOpener(
  { indexUrls, access }: IndexPlaces,
  { http, downloads, environment }: Services,
): (ctx: Context, url: URL) => AsyncIterable<Uint8Array> {
  const known = [...indexUrls, ...indexUrlsOf(environment.variables)];
  return async function* (ctx, url) {
    const headers = takeAuthorization(url, known, await access());
    yield* metered(http.download(ctx, url, { headers, isCheckedByReader: true }), downloads);
  };
}

/** What uv takes its indexes from: one URL, or several with a space between and a name before each (`corp=https://…`). */
const INDEX_VARIABLES = ['UV_DEFAULT_INDEX', 'UV_INDEX', 'UV_INDEX_URL', 'UV_EXTRA_INDEX_URL', 'UV_FIND_LINKS'];

function indexUrlsOf(variables: Readonly<Record<string, string | undefined>>): string[] {
  const urls = INDEX_VARIABLES.flatMap((name) => (variables[name] ?? '').split(/[\s,]+/));
  return urls.map((url) => url.replace(/^[\w.-]+=(?=https?:)/, ''));
}

/** Takes user and password out of the URL; those of an index hold for its files as long as they lie on the same host. */
function takeAuthorization(
  url: URL,
  known: readonly string[],
  { indexUrls, netrc }: PipAccess,
): Readonly<Record<string, string>> {
  const own = takeCredentials(url);
  if (own['authorization']) return own;
  const indexes = [...known, ...indexUrls].flatMap((one) => URL.parse(one) ?? []);
  const index = indexes.find(({ host, username, password }) => host === url.host && (username || password));
  if (index) return takeCredentials(new URL(index));
  const login = loginFor(url, netrc, indexes);
  return login ? basicAuthorization(login.login, login.password) : {};
}
