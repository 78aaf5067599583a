// The installation walk: what apt-get does when it marks a package and follows its dependencies. The first possibility is taken and never
// weighed again, as in apt's classic solver; where that leads nowhere, `search.ts` looks on.
import { optionsOf } from './options.ts';
import { addDependents, clearConflicts } from './obstacles.ts';
import type { Alternatives, PackageVersion, Relation } from '../deb/package.ts';
import { dependenciesOf } from './selection.ts';
import type { Selection } from './selection.ts';
import type { Slot } from './universe.ts';

/** apt's own bound on the depth of its walk. */
const DEEPEST = 3000;

export interface Marking {
  /** Whether dependencies are followed. */
  readonly isFollowed: boolean;
  readonly depth: number;
  /** The user's word stands above protection, holds and later trouble. */
  readonly isWanted: boolean;
  readonly cause?: Slot['cause'];
}

/** Marks the candidate of a package; false when that is not possible. Changes may stay behind after a failure, as they do in apt. */
export function markInstall(selection: Selection, slot: Slot, marking: Marking): boolean {
  const { isFollowed, isWanted } = marking;
  const isKept = slot.isProtected && !slot.isMarked && slot.candidate !== undefined && slot.candidate === slot.current;
  if (!isKept && !mayMark(selection, slot, marking)) return false;
  const { candidate } = slot;
  if (!candidate) return false;
  if (!slot.isProtected && !selection.isBroken(slot) && (candidate === slot.current || slot.isMarked)) return true;
  if (isFollowed && !canBeMet(selection, slot, candidate)) return false;
  if (isWanted) decide(selection, slot, candidate, marking);
  if (!isFollowed) {
    if (!isWanted) decide(selection, slot, candidate, marking);
    return true;
  }
  return follow(selection, slot, candidate, marking);
}

function mayMark({ held }: Selection, slot: Slot, { depth, isWanted }: Marking): boolean {
  if (depth > DEEPEST || slot.versions.length === 0) return false;
  return isWanted || slot.isMarked || (!slot.isProtected && !held.has(slot.name));
}

/** A candidate with a dependency that no candidate meets is given up for the rest of the walk. */
function canBeMet(selection: Selection, slot: Slot, candidate: PackageVersion): boolean {
  if (candidate === slot.current) return true;
  const canAll = dependenciesOf(candidate).every(
    (alternatives) => selection.isMet(alternatives) || selection.isMetByCandidates(alternatives),
  );
  if (!canAll && !slot.isProtected) discard(selection, slot);
  return canAll;
}

function decide(selection: Selection, slot: Slot, candidate: PackageVersion, { cause }: Marking): void {
  if (slot.isProtected && slot.chosen === candidate) return;
  selection.change(slot, { chosen: candidate, isMarked: candidate !== slot.current, cause });
}

function follow(selection: Selection, slot: Slot, candidate: PackageVersion, marking: Marking): boolean {
  const { isWanted } = marking;
  const isPropagated = slot.isProtected;
  const isStrict = !isPropagated && !isWanted;
  const dependencies = dependenciesOf(candidate).filter((one) => isPropagated || !selection.isMet(one));
  const upgrades: Slot[] = [];
  let isGood = clearConflicts(selection, slot, candidate, { isWanted, upgrades });
  if (!isGood && isStrict) return false;
  addDependents(selection, slot, candidate, upgrades);
  if (!isWanted) decide(selection, slot, candidate, marking);

  if (!isPropagated) selection.change(slot, { isProtected: true });
  upgradeSiblings(selection, slot, candidate, marking);
  isGood = upgradeAll(selection, slot, upgrades, marking) && isGood;
  if (isGood || !isStrict) {
    isGood = installAll(selection, { slot, dependencies, isPropagated, marking }) && isGood;
  }
  if (!isPropagated) selection.change(slot, { isProtected: false });
  if (!isGood && isStrict) discard(selection, slot);
  return isGood;
}

/** Falls back to what is installed, and gives the candidate up. */
function discard(selection: Selection, slot: Slot): void {
  selection.change(slot, { chosen: slot.current, candidate: slot.current, isMarked: false });
}

/** Installed packages of one source are kept at one version (`APT::Get::Upgrade-By-Source-Package`, which is on by default). */
function upgradeSiblings(selection: Selection, slot: Slot, candidate: PackageVersion, { depth }: Marking): void {
  const source = sourceOf(candidate);
  const siblings = selection.universe.installed.filter((other) => {
    if (other === slot || !other.candidate || other.candidate === other.current) return false;
    return !(other.isMarked && other.chosen === other.candidate) && sourceOf(other.candidate) === source;
  });
  for (const isFollowed of [false, true]) {
    for (const sibling of siblings) {
      markInstall(selection, sibling, { isFollowed, depth: depth + 1, isWanted: false, cause: { by: slot } });
    }
  }
}

function sourceOf({ name, version, source }: PackageVersion): string {
  return `${source?.name ?? name} ${source?.version ?? version}`;
}

function upgradeAll(selection: Selection, slot: Slot, upgrades: readonly Slot[], { depth }: Marking): boolean {
  const marking = { isFollowed: true, depth: depth + 1, isWanted: false, cause: { by: slot } };
  return upgrades.every((other) => other.isMarked || markInstall(selection, other, marking));
}

interface Following {
  readonly slot: Slot;
  readonly dependencies: readonly Alternatives[];
  readonly isPropagated: boolean;
  readonly marking: Marking;
}

function installAll(selection: Selection, following: Following): boolean {
  const { dependencies, isPropagated, marking } = following;
  let isGood = true;
  for (const alternatives of dependencies) {
    isGood = installOne(selection, alternatives, following) && isGood;
    if (!isGood && !isPropagated && !marking.isWanted) return false;
  }
  return isGood;
}

function installOne(selection: Selection, alternatives: Alternatives, following: Following): boolean {
  const { slot: by, isPropagated, marking } = following;
  const next = { isFollowed: true, depth: marking.depth + 1, isWanted: false };
  if (selection.isMet(alternatives)) return !isPropagated || protectOnly(selection, alternatives, by, next);
  const options = optionsOf(selection, alternatives);
  for (const { slot, version } of options) {
    if (slot.candidate !== version) continue;
    const cause = { by, relation: relationTo(selection, alternatives, version) };
    if (isPropagated && options.length === 1) {
      if (!markInstall(selection, slot, { ...next, isFollowed: false, cause })) continue;
      selection.change(slot, { isProtected: true });
    }
    if (markInstall(selection, slot, { ...next, cause })) return true;
  }
  return false;
}

/** What alone meets a dependency of a protected package is protected too. */
function protectOnly(selection: Selection, alternatives: Alternatives, by: Slot, next: Marking): boolean {
  const targets = alternatives.flatMap((relation) => selection.universe.targetsOf(relation));
  const possible = targets.filter(({ slot, version }) => version === slot.candidate || version === slot.current);
  const [only] = possible;
  if (!only || only.slot.isProtected || possible.some(({ version }) => version !== only.version)) return true;
  selection.change(only.slot, { isProtected: true });
  const cause = only.slot.cause ?? { by, relation: relationTo(selection, alternatives, only.version) };
  return markInstall(selection, only.slot, { ...next, cause });
}

function relationTo(
  { universe }: Selection,
  alternatives: Alternatives,
  version: PackageVersion,
): Relation | undefined {
  return alternatives.find((relation) => universe.targetsOf(relation).some((target) => target.version === version));
}
