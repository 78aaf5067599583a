// Which packages would meet a dependency, in the order in which apt tries them.
import type { Alternatives, Relation } from '../deb/package.ts';
import type { Selection } from './selection.ts';
import type { Target } from './universe.ts';

const PRIORITIES = ['required', 'important', 'standard', 'optional', 'extra'];

/** Candidates only: what is installed in an older version first, then by the order of the alternatives. */
export function optionsOf(selection: Selection, alternatives: Alternatives): Target[] {
  const sorted = alternatives.flatMap((relation) => sortProviders(selection, relation));
  const unique = [...new Map(sorted.map((target) => [target.version, target])).values()].filter(
    ({ slot }) => !isRefused(slot),
  );
  return [
    ...unique.filter(({ slot }) => slot.current !== undefined),
    ...unique.filter(({ slot }) => slot.current === undefined),
  ];
}

/** It was decided for good that it stays away. */
function isRefused({ isProtected, isMarked, current }: Target['slot']): boolean {
  return isProtected && !isMarked && current === undefined;
}

function sortProviders(selection: Selection, relation: Relation): Target[] {
  const targets = selection.universe.targetsOf(relation).filter(({ slot, version }) => slot.candidate === version);
  return targets.toSorted((a, b) => compareProviders(selection, relation, a, b));
}

/**
 * What is decided, installed, named itself, essential, of a higher priority, and at last what the sources mention last. A name with `:any` is
 * another name to apt: make and make-guile provide `make:any` alike.
 */
function compareProviders(selection: Selection, relation: Relation, a: Target, b: Target): number {
  const first = (is: (target: Target) => boolean): number => Number(is(b)) - Number(is(a));
  return (
    first(({ slot }) => slot.isProtected) ||
    first(({ slot }) => slot.current !== undefined) ||
    first(({ slot }) => relation.architecture === undefined && slot.name === relation.name) ||
    first(({ version }) => version.essential) ||
    PRIORITIES.indexOf(a.version.priority) - PRIORITIES.indexOf(b.version.priority) ||
    selection.universe.rank(b.slot.name) - selection.universe.rank(a.slot.name) ||
    (a.slot.name < b.slot.name ? 1 : -1)
  );
}
