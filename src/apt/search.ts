// The way on where apt's walk ends in something broken: other alternatives are tried, in the same order, within a bound.
import { optionsOf } from './options.ts';
import type { Alternatives, PackageVersion, Relation } from '../deb/package.ts';
import type { Gap, Selection } from './selection.ts';
import type { Slot, Target } from './universe.ts';

/** Choices that are tried. Real conflicts are settled, or hopeless, after a few hundred; what needs more would take minutes. */
const MOST_CHOICES = 5000;

/**
 * Completes a selection, and takes back its own changes when it cannot.
 * @param wasBroken installed packages that lacked something before anything was chosen: they are not ours to mend
 */
export function searchOn(selection: Selection, wasBroken: ReadonlySet<Slot>): boolean {
  let left = MOST_CHOICES;
  const complete = (): boolean => {
    const gap = findGap(selection, wasBroken);
    if (!gap) return true;
    for (const { slot, version } of waysOut(selection, gap)) {
      left -= 1;
      if (left < 0) return false;
      const mark = selection.mark();
      const relation = 'unmet' in gap ? relationTo(selection, gap.unmet, version) : undefined;
      selection.change(slot, { chosen: version, isMarked: true, cause: { by: gap.slot, relation } });
      if (complete()) return true;
      selection.rollback(mark);
    }
    return false;
  };
  return complete();
}

/** The first thing that is broken, among what was chosen and what is installed. */
export function findGap(selection: Selection, wasBroken: ReadonlySet<Slot>): Gap | undefined {
  for (const slot of [...selection.marked(), ...selection.universe.installed]) {
    if (!slot.isMarked && wasBroken.has(slot)) continue;
    const gap = selection.gapsOf(slot).next().value;
    if (gap) return gap;
  }
  return undefined;
}

/** A package that is not chosen yet, or the upgrade of an installed one that is in the way or lacks something. */
function waysOut(selection: Selection, gap: Gap): Target[] {
  const upgrade = (slot: Slot): Target[] =>
    slot.isMarked || !slot.candidate || slot.candidate === slot.current || selection.held.has(slot.name)
      ? []
      : [{ slot, version: slot.candidate }];
  if ('unwanted' in gap) return [...upgrade(gap.other), ...upgrade(gap.slot)];
  const options = optionsOf(selection, gap.unmet).filter(
    ({ slot }) => !slot.isMarked && !(selection.held.has(slot.name) && slot.current !== undefined),
  );
  return [...options, ...upgrade(gap.slot)];
}

function relationTo(
  { universe }: Selection,
  alternatives: Alternatives,
  version: PackageVersion,
): Relation | undefined {
  return alternatives.find((relation) => universe.targetsOf(relation).some((target) => target.version === version));
}
