// The records of all sources as one index: stanzas become candidates when they are asked for, and equal files are one candidate.
import { ImageSpecError } from '../core/error.ts';
import { isDigest } from '../core/digest.ts';
import type { AptSource } from './apt-source.ts';
import { archiveUrl } from './archive-services.ts';
import { fieldOf, parseStanzas } from '../deb/control.ts';
import type { Candidate, PackageIndex } from '../deb/package.ts';
import type { PackagesIndex } from './packages-index.ts';
import { MalformedStanza, parsePackageVersion } from '../deb/relation.ts';
import type { Release } from './release.ts';

/** One suite with its opened indices. */
export interface IndexedSource {
  readonly source: AptSource;
  readonly release: Release;
  readonly indices: readonly PackagesIndex[];
}

/** apt_preferences(5), "APT's Default Priority Assignments". */
const PIN = { defaultRelease: 990, usual: 500, upgrades: 100, notAutomatic: 1 } as const;

/** @param architecture Debian's name; versions of others are left out */
export function packageIndexOf(suites: readonly IndexedSource[], architecture: string): PackageIndex {
  const collect = (select: (index: PackagesIndex) => readonly string[]): Candidate[] => {
    const found = suites.flatMap((suite) =>
      suite.indices.flatMap((index) => select(index).map((text) => candidateOf(text, suite, architecture))),
    );
    return merged(found.filter((one) => one.architecture === architecture || one.architecture === 'all'));
  };
  const versions = remembered((name) => collect((index) => index.named(name)));
  const providers = remembered((name) =>
    collect((index) => index.providing(name)).filter(({ provides }) => provides.some((one) => one.name === name)),
  );
  return { versions, providers, names: () => namesOf(suites), rank: (name) => rankIn(suites, name) };
}

/** Names that no earlier index mentions stand behind all of its own. */
function rankIn(suites: readonly IndexedSource[], name: string): number {
  const indices = suites.flatMap((suite) => suite.indices);
  const at = indices.findIndex((index) => index.rank(name) !== undefined);
  return at < 0 ? -1 : at * RANK_STRIDE + indices[at]!.rank(name)!;
}

/** More than any index has names. */
const RANK_STRIDE = 1e7;

/** Resolvers ask for the same names again and again, and compare what they get by identity. */
function remembered(find: (name: string) => readonly Candidate[]): (name: string) => readonly Candidate[] {
  const known = new Map<string, readonly Candidate[]>();
  return (name) => {
    const found = known.get(name) ?? find(name);
    known.set(name, found);
    return found;
  };
}

function* namesOf(suites: readonly IndexedSource[]): Generator<string> {
  const seen = new Set<string>();
  for (const index of suites.flatMap(({ indices }) => indices)) {
    for (const name of index.names()) {
      if (seen.has(name)) continue;
      seen.add(name);
      yield name;
    }
  }
}

/** The same file in several suites is one candidate: fetched from the first, with the suites of all and the best pin. */
function merged(candidates: readonly Candidate[]): Candidate[] {
  const unique = new Map<string, Candidate>();
  for (const one of candidates) {
    const key = `${one.name} ${one.version} ${one.architecture} ${one.digest}`;
    const known = unique.get(key);
    unique.set(key, known ? join(known, one) : one);
  }
  return [...unique.values()];
}

function join(first: Candidate, other: Candidate): Candidate {
  const suites = [...new Set([...first.suites, ...other.suites])];
  return { ...first, suites, pin: Math.max(first.pin, other.pin) };
}

function candidateOf(text: string, { source, release }: IndexedSource, architecture: string): Candidate {
  const refuse = (why: string): never => {
    throw malformed(source, text, why);
  };
  const [stanza = []] = parseStanzas(text, (line) => refuse(`"${line.slice(0, 60)}" is not "Field: value"`));
  const field = (name: string): string => fieldOf(stanza, name) ?? refuse(`it has no field ${name}`);
  const digest = `sha256:${field('SHA256').toLowerCase()}`;
  if (!isDigest(digest)) return refuse('its SHA256 is none');
  if (!/^\d{1,15}$/.test(field('Size'))) return refuse('its Size is no number');
  const filename = field('Filename');
  if (/^\/|^[a-z]+:|(?:^|\/)\.\.(?:\/|$)/i.test(filename)) return refuse('its Filename leaves the archive');
  try {
    return {
      ...parsePackageVersion(stanza, architecture),
      url: archiveUrl(source.uri, filename).href,
      size: Number(field('Size')),
      digest,
      suites: [...new Set([release.codename, release.suite].filter((name) => name !== undefined))],
      pin: pinOf(source, release),
      snapshot: source.snapshot?.time,
    };
  } catch (error) {
    if (error instanceof MalformedStanza) return refuse(error.message);
    throw error;
  }
}

function pinOf({ defaultRelease }: AptSource, release: Release): number {
  const { suite, codename, version, notAutomatic, butAutomaticUpgrades } = release;
  if (defaultRelease !== undefined && [suite, codename, version].includes(defaultRelease)) return PIN.defaultRelease;
  if (!notAutomatic) return PIN.usual;
  return butAutomaticUpgrades ? PIN.upgrades : PIN.notAutomatic;
}

function malformed({ suite, uri, where }: AptSource, text: string, why: string): ImageSpecError {
  const name = /^Package:\s*(\S+)/im.exec(text)?.[1] ?? '?';
  return new ImageSpecError('RELEASE_INVALID', `The entry of ${name} in ${suite} at ${uri} cannot be used: ${why}`, {
    hint: 'The archive is damaged, though its signature is right: ask its owner.',
    facts: { where, package: name },
  });
}
