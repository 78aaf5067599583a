// What is in the way of a version, or would be broken by it: given up where it was only chosen, upgraded where it is installed.
import type { PackageVersion, Relation } from '../deb/package.ts';
import type { Selection } from './selection.ts';
import { dependenciesOf, enemiesOf } from './selection.ts';
import type { Slot } from './universe.ts';

interface Clearing {
  readonly isWanted: boolean;
  /** Installed packages that have to be upgraded. */
  readonly upgrades: Slot[];
}

/**
 * Candidates in the way are given up, installed packages in the way upgraded. apt would remove those that it cannot upgrade; here that is a
 * failure, since a base is never taken apart.
 */
export function clearConflicts(
  selection: Selection,
  slot: Slot,
  candidate: PackageVersion,
  clearing: Clearing,
): boolean {
  const isStrict = !slot.isProtected && !clearing.isWanted;
  let isGood = true;
  for (const relation of enemiesOf(candidate)) {
    if (selection.against(relation, slot).length === 0 && !slot.isProtected) continue;
    isGood = clearConflict(selection, slot, relation, clearing) && isGood;
    if (!isGood && isStrict) return false;
  }
  return isGood;
}

function clearConflict(selection: Selection, slot: Slot, relation: Relation, { upgrades }: Clearing): boolean {
  const bad = new Set<Slot>();
  for (const { slot: other, version } of selection.candidatesAgainst(relation, slot)) {
    if (version === other.current) return false;
    if (other.isMarked && other.isProtected) return false;
    if (other.isMarked) selection.change(other, { chosen: other.current, isMarked: false });
    if (slot.isProtected) {
      selection.change(other, {
        candidate: other.chosen,
        isProtected: other.isProtected || other.current === undefined,
      });
    } else bad.add(other);
  }
  for (const { slot: other, version } of selection.currentAgainst(relation, slot)) {
    if (other.candidate === version || other.candidate === undefined || bad.has(other)) return false;
    upgrades.push(other);
  }
  return true;
}

/** Installed packages that an upgrade would leave without what they depend on are upgraded as well. */
export function addDependents({ universe }: Selection, slot: Slot, candidate: PackageVersion, upgrades: Slot[]): void {
  const { current } = slot;
  if (!current || current === candidate) return;
  for (const dependent of universe.installed) {
    if (dependent.isMarked || !dependent.current || upgrades.includes(dependent)) continue;
    const isLeft = dependenciesOf(dependent.current)
      .flat()
      .some((relation) => {
        const versions = universe
          .targetsOf(relation)
          .filter((target) => target.slot === slot && relation.name === slot.name);
        return (
          versions.some(({ version }) => version === current) && !versions.some(({ version }) => version === candidate)
        );
      });
    if (isLeft) upgrades.push(dependent);
  }
}
