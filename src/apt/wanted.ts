// The packages that a user's words mean, among those that there are.
import type { PackageIndex, PackageVersion } from '../deb/package.ts';
import type { Slot, Universe } from './universe.ts';
import { isCandidate } from './universe.ts';
import {
  noSuchPackage,
  noSuchVersion,
  refuseArchitecture,
  refuseDowngrade,
  refuseSign,
  severalProviders,
} from './unknown.ts';
import { compareVersions } from '../deb/version.ts';
import type { Want } from './want.ts';

/** A package that has to be there, in this version. */
export interface Choice {
  readonly slot: Slot;
  readonly version: PackageVersion;
  readonly suite?: string | undefined;
  /** False for what is only essential. */
  readonly isRequested: boolean;
}

export interface WantedPackages {
  readonly wants: readonly Want[];
  readonly index: PackageIndex;
  readonly suites: readonly string[];
  readonly architecture: string;
  readonly essential: boolean;
}

export interface FoundPackages {
  readonly choices: readonly Choice[];
  readonly notes: readonly string[];
}

export function findWanted(request: WantedPackages, universe: Universe): FoundPackages {
  const notes: string[] = [];
  const choices = new Map<Slot, Choice>();
  for (const want of request.wants) {
    const choice = findOne(want, request, universe);
    if (choice.slot.name !== want.name)
      notes.push(`${choice.slot.name} is installed for ${want.name}, which it alone provides`);
    const other = choices.get(choice.slot);
    if (!other || want.version !== undefined || want.suite !== undefined) choices.set(choice.slot, choice);
  }
  if (request.essential) addEssential(request.index, universe, choices);
  return { choices: [...choices.values()], notes };
}

function findOne(want: Want, request: WantedPackages, universe: Universe): Choice {
  const { architecture = 'native' } = want;
  if (!['native', 'any', 'all', request.architecture].includes(architecture)) throw refuseArchitecture(want, request);
  const slot = universe.slotOf(want.name);
  if (slot.versions.length === 0) return findProvider(want, request, universe);
  const version = findVersion(want, slot);
  if (!version) throw noSuchVersion(want, slot, request);
  if (slot.current && compareVersions(version.version, slot.current.version) < 0)
    throw refuseDowngrade(want, slot.current);
  return { slot, version, suite: want.suite, isRequested: true };
}

function findVersion({ version, suite }: Want, { versions, candidate, current }: Slot): PackageVersion | undefined {
  if (version !== undefined) return versions.find((one) => one.version === version);
  if (suite === undefined) return candidate;
  return (
    versions.find((one) => isCandidate(one) && one.suites.includes(suite)) ??
    (suite === 'installed' ? current : undefined)
  );
}

/** A virtual package stands for its provider where there is but one (apt-get(8)). */
function findProvider(want: Want, request: WantedPackages, universe: Universe): Choice {
  const targets = universe.targetsOf({ name: want.name });
  const fitting = targets.filter(({ slot, version }) => {
    if (want.suite !== undefined) return isCandidate(version) && version.suites.includes(want.suite);
    if (want.version === undefined) return slot.candidate === version;
    return version.provides.some((one) => one.name === want.name && one.version === want.version);
  });
  const [first] = fitting;
  if (targets.length === 0) throw refuseSign(want, universe) ?? noSuchPackage(want, request);
  if (!first || fitting.some(({ slot }) => slot !== first.slot)) throw severalProviders(want, targets);
  return { ...first, isRequested: true };
}

function addEssential(index: PackageIndex, universe: Universe, choices: Map<Slot, Choice>): void {
  for (const name of index.names()) {
    const slot = universe.slotOf(name);
    const { candidate: version } = slot;
    if (version?.essential && !choices.has(slot)) choices.set(slot, { slot, version, isRequested: false });
  }
}
