// The Debian packages of a build on this host: fetched when they are not in the cache, opened, and found again by what layers refer to.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import type { HeadersFor } from '../apt/apt-auth.ts';
import type { LockedDeb } from '../deb/locked-deb.ts';
import type { OpenedDeb } from '../deb/opened-deb.ts';
import { UNPACK_MODULE } from '../deb/unpack-module.ts';
import type { WorkPool } from '../layer/work-pool.ts';
import type { Services } from './services.ts';
import { metered } from './services.ts';

/** Who may fetch a package; asked only when one must be fetched. */
type Credentials = () => Promise<HeadersFor>;

export interface DebShelf {
  /** Says that packages will have to be unpacked as soon as it is known which: threads are started meanwhile. */
  readonly expect: () => void;
  /** Tells the shelf of packages that layers of this build may refer to. */
  readonly add: (packages: readonly LockedDeb[], credentials: Credentials) => void;
  /** Packages that were added, in their order. */
  readonly open: (ctx: Context, packages: readonly LockedDeb[]) => Promise<readonly OpenedDeb[]>;
  /** Host path of a package that was added, as it was fetched. */
  readonly fetch: (ctx: Context, deb: LockedDeb) => Promise<string>;
  /** Host path of contents that the cache has lost, by unpacking them again; undefined when they are of no package opened here. */
  readonly find: (ctx: Context, digest: Digest) => Promise<string | undefined>;
  /** Digests of all contents that are here, by host path. */
  readonly digests: ReadonlyMap<string, Digest>;
}

export function createDebShelf({ cache, http, downloads }: Services, offline: boolean, pool: WorkPool): DebShelf {
  const digests = new Map<string, Digest>();
  const known = new Map<Digest, { readonly deb: LockedDeb; readonly credentials: Credentials }>();
  const fetchOne = async function* (inner: Context, { url, digest }: LockedDeb): AsyncGenerator<Uint8Array> {
    const address = new URL(url);
    const headers = (await known.get(digest)!.credentials())(address);
    yield* metered(http.download(inner, address, { headers, isCheckedByReader: true }), downloads);
  };
  const open: DebShelf['open'] = async (ctx, packages) => {
    const { openDebs } = await import('../deb/open-debs.ts');
    const byDigest = await openDebs(ctx, packages, { cache, open: fetchOne, offline, pool });
    const opened = packages.map(({ digest }) => byDigest.get(digest)!);
    for (const { content } of opened) if (content) digests.set(content.file, content.digest);
    return opened;
  };
  const fetch: DebShelf['fetch'] = async (ctx, deb) => {
    const { fetchDeb } = await import('../deb/fetch-debs.ts');
    return fetchDeb(ctx, deb, { cache, open: fetchOne, offline });
  };
  const find: DebShelf['find'] = async (ctx, digest) => {
    for (const { deb } of known.values()) {
      const [opened] = await open(ctx, [deb]);
      if (opened?.content?.digest === digest) return opened.content.file;
    }
    return undefined;
  };
  const add: DebShelf['add'] = (packages, credentials) => {
    for (const deb of packages) known.set(deb.digest, { deb, credentials });
  };
  return { expect: () => pool.prepare(UNPACK_MODULE, true), add, open, fetch, find, digests };
}
