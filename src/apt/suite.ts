// `pkg/suite`: candidates of the package, and of what it depends on, are taken from that suite where apt finds them needed.
import type { Alternatives, PackageVersion, Relation } from '../deb/package.ts';
import type { Selection } from './selection.ts';
import { dependenciesOf } from './selection.ts';
import type { Slot } from './universe.ts';
import { isCandidate } from './universe.ts';
import type { Choice } from './wanted.ts';

/**
 * As apt-get(8) has it, candidates of dependencies change "if needed". To apt that means more than it says: whatever has a version in its
 * relation, and is not installed and complete already, comes from the suite if the suite has it.
 */
export function selectSuites(selection: Selection, choices: readonly Choice[]): void {
  for (const { slot, version, suite } of choices) {
    if (suite !== undefined) drawFromSuite({ selection, suite, changed: new Set() }, slot, version);
  }
}

interface Drawing {
  readonly selection: Selection;
  readonly suite: string;
  readonly changed: Set<Slot>;
}

/** False when a dependency cannot be met; changes stay, as they do in apt, and the walk shows what comes of it. */
function drawFromSuite(drawing: Drawing, slot: Slot, version: PackageVersion): boolean {
  const { selection, changed } = drawing;
  changed.add(slot);
  setCandidate(selection, slot, version);
  return dependenciesOf(version).every(
    (alternatives) => alternatives.some((relation) => isReady(selection, relation)) || drawOne(drawing, alternatives),
  );
}

function setCandidate(selection: Selection, slot: Slot, version: PackageVersion): void {
  const isChosen = slot.isMarked && slot.chosen === slot.candidate;
  selection.change(slot, { candidate: version, ...(isChosen ? { chosen: version } : {}) });
}

/** Installed, or a candidate that lacks nothing. Of a name with providers only these count, unless a version is asked for. */
function isReady(selection: Selection, relation: Relation): boolean {
  const targets = selection.universe.targetsOf(relation);
  const named = targets.filter(({ slot }) => isNamed(relation, slot));
  if (named.some(({ slot, version }) => version === slot.current)) return true;
  const others = targets.filter(({ slot }) => !isNamed(relation, slot));
  const counted = relation.operator === undefined && others.length > 0 ? others : named;
  return counted.some(({ slot, version }) => version === slot.candidate && selection.isComplete(slot, version));
}

function drawOne(drawing: Drawing, alternatives: Alternatives): boolean {
  const { selection, suite, changed } = drawing;
  for (const relation of alternatives) {
    const found = relation.operator === undefined ? undefined : findInSuite(selection, relation, suite);
    if (!found) continue;
    const { slot, version } = found;
    const before = slot.candidate;
    if (version === before && changed.has(slot)) return true;
    if (drawFromSuite(drawing, slot, version)) return true;
    if (relation !== alternatives.at(-1) && before) setCandidate(selection, slot, before);
  }
  return false;
}

/** The newest of the suite, if it is in the relation's range. */
function findInSuite({ universe }: Selection, relation: Relation, suite: string) {
  const slot = universe.slotOf(relation.name);
  const version = slot.versions.find((one) => isCandidate(one) && one.suites.includes(suite));
  if (!version || !isNamed(relation, slot)) return undefined;
  const isInRange = universe.targetsOf(relation).some((target) => target.version === version);
  return isInRange ? { slot, version } : undefined;
}

/** `perl:any` is another name to apt than `perl`. */
function isNamed({ name, architecture }: Relation, slot: Slot): boolean {
  return architecture === undefined && slot.name === name;
}
