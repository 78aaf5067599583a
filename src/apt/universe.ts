// All versions of packages that a resolution may meet, installed ones and those of the sources together, looked up once each.
import type { Candidate, PackageIndex, PackageVersion, Relation } from '../deb/package.ts';
import { compareVersions, satisfies } from '../deb/version.ts';

/** Pin of what is installed and of no source (apt_preferences(5)). */
const INSTALLED_PIN = 100;
/** From this pin on, apt goes back to older versions. */
const DOWNGRADE_PIN = 1000;

/** A package by name, and what is decided about it. */
export interface Slot {
  readonly name: string;
  /** Newest first; the installed one is among them. */
  readonly versions: readonly PackageVersion[];
  readonly current: PackageVersion | undefined;
  /** What would be installed if it were wanted. */
  candidate: PackageVersion | undefined;
  /** What there will be. */
  chosen: PackageVersion | undefined;
  /** Is to be installed or upgraded. */
  isMarked: boolean;
  /** Nothing but the user changes what is decided. */
  isProtected: boolean;
  /** What it was marked for: a package and its relation; undefined for what the user wants. */
  cause: { readonly by: Slot; readonly relation?: Relation | undefined } | undefined;
}

/** A version that a relation speaks of. */
export interface Target {
  readonly slot: Slot;
  readonly version: PackageVersion;
}

export interface Universe {
  readonly architecture: string;
  readonly slotOf: (name: string) => Slot;
  /** Bearers of the name first, then providers. */
  readonly targetsOf: (relation: Relation) => readonly Target[];
  readonly installed: readonly Slot[];
  readonly rank: (name: string) => number;
}

/** A version that is installed and in a source as well is one version, the installed one; its numbers are taken to say so. */
export function openUniverse(
  index: PackageIndex,
  installed: readonly PackageVersion[],
  architecture: string,
): Universe {
  const current = new Map(installed.map((version) => [version.name, version]));
  const slotOf = remember((name: string) => makeSlot(name, index.versions(name), current.get(name)));
  const installedProviders = groupByProvided(installed);
  const providersOf = remember((name: string) =>
    [...index.providers(name), ...(installedProviders.get(name) ?? [])].map((version) => locate(slotOf, version)),
  );
  const targetsOf = remember((relation: Relation) => findTargets(relation, slotOf, providersOf, architecture));
  return {
    architecture,
    slotOf,
    targetsOf,
    installed: installed.map(({ name }) => slotOf(name)),
    rank: remember(index.rank ?? (() => 0)),
  };
}

export function isCandidate(version: PackageVersion): version is Candidate {
  return 'url' in version;
}

function remember<Key, Value>(find: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = find(key);
    known.set(key, value);
    return value;
  };
}

function makeSlot(name: string, found: readonly Candidate[], current: PackageVersion | undefined): Slot {
  const versions: PackageVersion[] = current ? [current] : [];
  for (const version of found) {
    if (!versions.some((other) => compareVersions(other.version, version.version) === 0)) versions.push(version);
  }
  versions.sort((a, b) => compareVersions(b.version, a.version));
  const candidate = chooseCandidate(versions, found, current);
  return { name, versions, current, candidate, chosen: current, isMarked: false, isProtected: false, cause: undefined };
}

/** Highest pin, then highest version; nothing older than what is installed, unless its pin says so (apt_preferences(5)). */
function chooseCandidate(
  versions: readonly PackageVersion[],
  found: readonly Candidate[],
  current: PackageVersion | undefined,
): PackageVersion | undefined {
  let best: PackageVersion | undefined;
  let bestPin = 0;
  for (const version of versions) {
    const pins = found.filter((one) => one.version === version.version).map(({ pin }) => pin);
    const pin = Math.max(...pins, version === current ? INSTALLED_PIN : 0);
    const isOlder = current !== undefined && compareVersions(version.version, current.version) < 0;
    if (pin <= bestPin || (isOlder && pin < DOWNGRADE_PIN)) continue;
    best = version;
    bestPin = pin;
  }
  return best;
}

function groupByProvided(installed: readonly PackageVersion[]): Map<string, PackageVersion[]> {
  const providers = new Map<string, PackageVersion[]>();
  for (const version of installed) {
    for (const { name } of version.provides) providers.set(name, [...(providers.get(name) ?? []), version]);
  }
  return providers;
}

/** The one object that stands for a version, whatever the index hands out. */
function locate(slotOf: (name: string) => Slot, { name, version }: PackageVersion): Target | undefined {
  const slot = slotOf(name);
  const known = slot.versions.find((other) => compareVersions(other.version, version) === 0);
  return known && { slot, version: known };
}

function findTargets(
  relation: Relation,
  slotOf: (name: string) => Slot,
  providersOf: (name: string) => readonly (Target | undefined)[],
  architecture: string,
): Target[] {
  const { architecture: qualifier = architecture } = relation;
  const isAny = qualifier === 'any';
  if (!isAny && qualifier !== 'native' && qualifier !== architecture) return [];
  const slot = slotOf(relation.name);
  const bearers = slot.versions
    .filter((version) => (!isAny || version.multiArch === 'allowed') && isInRange(version.version, relation))
    .map((version) => ({ slot, version }));
  const providers = [...slot.versions.map((version) => ({ slot, version })), ...providersOf(relation.name)];
  const providing = providers.filter((target) => target && provides(target.version, relation, isAny));
  return unique([...bearers, ...providing]);
}

function unique(targets: readonly (Target | undefined)[]): Target[] {
  const seen = new Set<PackageVersion>();
  return targets.filter((target): target is Target => {
    if (!target || seen.has(target.version)) return false;
    seen.add(target.version);
    return true;
  });
}

/** A provided name has no version unless one is written (Policy 7.5); `name:any` is provided by what is Multi-Arch: allowed. */
function provides(version: PackageVersion, relation: Relation, isAny: boolean): boolean {
  return version.provides.some(
    (provided) =>
      provided.name === relation.name &&
      (!isAny || version.multiArch === 'allowed' || provided.architecture === 'any') &&
      isInRange(provided.version, relation),
  );
}

function isInRange(version: string | undefined, { operator, version: wanted }: Relation): boolean {
  if (operator === undefined || wanted === undefined) return true;
  return version !== undefined && satisfies(version, operator, wanted);
}
