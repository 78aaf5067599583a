// All package sources together: fetched and verified at the same time, then one index that answers by name.
import type { Context } from '../core/context.ts';
import { step, together } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { createLimit } from '../core/limit.ts';
import { Once } from '../core/once.ts';
import type { HeadersFor } from './apt-auth.ts';
import type { AptSource } from './apt-source.ts';
import type { ArchiveServices } from './archive-services.ts';
import { atSource } from './archive-services.ts';
import { chooseIndices } from './choose-indices.ts';
import { fetchIndex, recordKey } from './fetch-index.ts';
import type { LoadedRelease } from './load-release.ts';
import { loadRelease } from './load-release.ts';
import type { PackageIndex } from '../deb/package.ts';
import type { IndexedSource } from './package-index.ts';
import { packageIndexOf } from './package-index.ts';
import type { PackagesIndex } from './packages-index.ts';
import type { Release } from './release.ts';

/** What a lock keeps of a suite. */
interface ReleaseFact {
  /** Without credentials; of the snapshot, where there is one. */
  readonly uri: string;
  /** As it was asked for. */
  readonly asked: string;
  readonly suite: string | undefined;
  readonly codename: string | undefined;
  /** Milliseconds since the epoch. */
  readonly date: number | undefined;
  /** Of the verified text of the Release file. */
  readonly digest: Digest;
  readonly snapshot: string | undefined;
}

export interface Archive {
  readonly index: PackageIndex;
  /** In the order of the sources; one for each suite that has the architecture. */
  readonly releases: readonly ReleaseFact[];
  /** For fetching what the index names: `Candidate.url` has no credentials. */
  readonly headersFor: HeadersFor;
}

/** A distribution is three or four suites; more servers than that are seldom asked. */
const SUITES_AT_ONCE = 8;
/** Each takes a core while it is unpacked. */
const INDICES_AT_ONCE = 4;

/**
 * @param architecture Debian's name: `amd64`
 * Throws `APT_SOURCES_MISSING` for no sources, `APT_SOURCES_INVALID` if none has the architecture, and what `loadRelease` and `fetchIndex` throw.
 */
export async function openArchive(
  ctx: Context,
  sources: readonly AptSource[],
  architecture: string,
  services: ArchiveServices,
): Promise<Archive> {
  if (sources.length === 0) throw missingSources();
  const wanted = sources
    .filter(({ architectures }) => architectures?.includes(architecture) ?? true)
    .map((source) => forArchitecture(source, architecture));
  const suites = createLimit(SUITES_AT_ONCE);
  const indices = createLimit(INDICES_AT_ONCE);
  const opened = new Once<Digest, PackagesIndex>();
  const found = await together(
    ctx,
    wanted.map((source) => async (inner: Context) => {
      try {
        const loaded = await suites(() => loadStep(inner, source, services));
        return await openSuite(inner, loaded, architecture, services, (key, work) =>
          opened.run(key, () => indices(work)),
        );
      } catch (error) {
        throw atSource(error, source);
      }
    }),
  );
  const present = found.filter((suite) => suite !== undefined);
  if (present.length === 0) throw withoutArchitecture(sources, architecture);
  return {
    index: packageIndexOf(present, architecture),
    releases: uniqueFacts(present.map(({ source, release }) => factOf(source, release))),
    headersFor: (url) => firstHeaders(present, url),
  };
}

function loadStep(ctx: Context, source: AptSource, services: ArchiveServices): Promise<LoadedRelease> {
  const subject = `${source.suite} (${new URL(source.uri).host || source.uri})`;
  return step(ctx, { step: 'check', subject }, () => loadRelease(ctx, source, services));
}

/** Undefined, with a word to the user, if the suite has nothing for the architecture. */
async function openSuite(
  ctx: Context,
  { source, release }: LoadedRelease,
  architecture: string,
  services: ArchiveServices,
  once: (key: Digest, work: () => Promise<PackagesIndex>) => Promise<PackagesIndex>,
): Promise<IndexedSource | undefined> {
  const chosen = chooseIndices(release, source, architecture);
  if (!chosen) {
    const message = `${source.suite} at ${source.uri} (${source.where}) has no packages for ${architecture} and is left out`;
    ctx.emit({ type: 'log', level: 'info', message });
    return undefined;
  }
  const indices = await together(
    ctx,
    chosen.map(
      (index) => (inner: Context) => once(recordKey(index), () => fetchIndex(inner, index, source, release, services)),
    ),
  );
  return { source, release, indices };
}

/** sources.list(5): `$(ARCH)` in URIs and suites. */
function forArchitecture(source: AptSource, architecture: string): AptSource {
  const fill = (text: string): string => text.replaceAll('$(ARCH)', architecture);
  return { ...source, uri: fill(source.uri), suite: fill(source.suite) };
}

function firstHeaders(suites: readonly IndexedSource[], url: URL): Readonly<Record<string, string>> {
  const own = suites.filter(({ source }) => url.href.startsWith(source.uri));
  const found = own.map(({ source }) => source.headersFor(url)).find((headers) => Object.keys(headers).length > 0);
  return found ?? {};
}

function factOf({ uri, suite: asked, snapshot }: AptSource, { suite, codename, date, digest }: Release): ReleaseFact {
  return { uri, asked, suite, codename, date, digest, snapshot: snapshot?.time };
}

/** Several entries of a list may name components of one suite. */
function uniqueFacts(facts: readonly ReleaseFact[]): ReleaseFact[] {
  return [...new Map(facts.map((fact) => [`${fact.uri} ${fact.asked}`, fact])).values()];
}

function missingSources(): ImageSpecError {
  return new ImageSpecError('APT_SOURCES_MISSING', 'Debian packages are wanted, but no package source is known', {
    hint: 'The base image has no list of sources: name them under "apt_sources" in the spec.',
  });
}

function withoutArchitecture(sources: readonly AptSource[], architecture: string): ImageSpecError {
  const places = sources.map(({ where }) => where).join(', ');
  return new ImageSpecError('APT_SOURCES_INVALID', `No package source has packages for ${architecture} (${places})`, {
    hint: 'Name a mirror that has this architecture; some architectures have mirrors of their own.',
  });
}
