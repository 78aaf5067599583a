// Why packages cannot be installed together: chains of reasons, from what the user wants to what stands in the way.
import { ImageSpecError } from '../core/error.ts';
import type { Alternatives, PackageVersion, Relation } from '../deb/package.ts';
import { printRelation } from '../deb/relation.ts';
import { findGap } from './search.ts';
import type { Gap, Selection } from './selection.ts';
import { dependenciesOf, enemiesOf } from './selection.ts';
import type { Slot, Target } from './universe.ts';
import type { Choice } from './wanted.ts';

/** Reasons that are listed: the first ones tell what to do. */
const MOST_REASONS = 20;
/** Dependencies that are followed; real chains to a missing package are far shorter. */
const DEEPEST = 100;

/** @param selection as the walk left it */
export function explainFailure(
  selection: Selection,
  choices: readonly Choice[],
  wasBroken: ReadonlySet<Slot>,
): ImageSpecError {
  const explainer = { selection, choices, known: new Map<PackageVersion, string | undefined>() };
  const certain = choices.flatMap(({ slot, version, isRequested }) => {
    const reason = hindrance(explainer, { slot, version }, 0);
    return reason === undefined ? [] : [`${slot.name} (${isRequested ? 'wanted' : 'essential'}) ${reason}`];
  });
  const reasons = certain.length > 0 ? certain : brokenAfterWalk(selection, wasBroken);
  const issues = [...new Set(reasons)].slice(0, MOST_REASONS);
  const names = choices.filter(({ isRequested }) => isRequested).map(({ slot }) => slot.name);
  return new ImageSpecError(
    'PACKAGES_CONFLICT',
    `The Debian packages cannot be installed: ${issues[0] ?? names.join(', ')}`,
    {
      issues,
      hint: 'Ask for other versions, or add the package sources that what is missing comes from.',
      facts: { packages: names.join(' ') },
    },
  );
}

interface Explainer {
  readonly selection: Selection;
  readonly choices: readonly Choice[];
  /** Undefined while a version is looked at, so that cycles end, and for what nothing hinders. */
  readonly known: Map<PackageVersion, string | undefined>;
}

/** What hinders a version for certain, as the rest of a sentence that starts with its name. */
function hindrance(explainer: Explainer, target: Target, depth: number): string | undefined {
  const { known } = explainer;
  if (known.has(target.version) || depth > DEEPEST) return known.get(target.version);
  known.set(target.version, undefined);
  const reason = findConflict(explainer, target) ?? findMissing(explainer, target, depth);
  known.set(target.version, reason);
  return reason;
}

/** Conflicts with what is wanted, or with what is installed and cannot be upgraded out of the way. */
function findConflict({ selection, choices }: Explainer, { slot, version }: Target): string | undefined {
  const fixed: Target[] = [...choices];
  for (const other of selection.universe.installed) {
    const { current } = other;
    const isNewest = other.versions[0] === current;
    if (current && isNewest && !fixed.some((choice) => choice.slot === other))
      fixed.push({ slot: other, version: current });
  }
  for (const other of fixed) {
    if (other.slot === slot) continue;
    const ours = findEnemy(selection, version, other);
    if (ours) return `conflicts with ${printTarget(other)}${ours.name === other.slot.name ? '' : ` (${ours.name})`}`;
    const theirs = findEnemy(selection, other.version, { slot, version });
    if (theirs) return `cannot be with ${printTarget(other)}, which conflicts with ${printRelation(theirs)}`;
  }
  return undefined;
}

function findEnemy({ universe }: Selection, version: PackageVersion, other: Target): Relation | undefined {
  return enemiesOf(version).find((relation) =>
    universe.targetsOf(relation).some((target) => target.version === other.version),
  );
}

function printTarget({ slot, version }: Target): string {
  return `${slot.name} ${version.version}${slot.current === version ? ' of the base' : ''}`;
}

function findMissing(explainer: Explainer, { version }: Target, depth: number): string | undefined {
  for (const alternatives of dependenciesOf(version)) {
    const reason = missing(explainer, alternatives, depth);
    if (reason !== undefined) return `depends on ${printAlternatives(alternatives)}, ${reason}`;
  }
  return undefined;
}

/** Why no alternative does; the first that might have done is the one to speak of. */
function missing(explainer: Explainer, alternatives: Alternatives, depth: number): string | undefined {
  const { selection, choices } = explainer;
  const targets = alternatives.flatMap((relation) => selection.universe.targetsOf(relation));
  if (targets.length === 0) return notThere(selection, alternatives);
  const reasons: string[] = [];
  for (const target of targets) {
    const { slot, version } = target;
    const wanted = choices.find((choice) => choice.slot === slot)?.version ?? slot.candidate;
    if (version === slot.chosen && version === slot.current) return undefined;
    if (slot.current && version !== slot.current && selection.held.has(slot.name)) {
      reasons.push(`but ${slot.name} ${slot.current.version} of the base is to stay as it is`);
      continue;
    }
    if (wanted !== undefined && wanted !== version && version !== slot.current) {
      reasons.push(`but ${slot.name} ${wanted.version} is to be installed`);
      continue;
    }
    const reason = hindrance(explainer, target, depth + 1);
    if (reason === undefined) return undefined;
    reasons.push(
      alternatives.length === 1 && slot.name === alternatives[0]?.name
        ? `which ${reason}`
        : `but ${slot.name} ${reason}`,
    );
  }
  return reasons[0];
}

function notThere({ universe }: Selection, alternatives: Alternatives): string {
  const others = alternatives.map(({ name }) => universe.slotOf(name)).filter(({ versions }) => versions.length > 0);
  const [slot] = others;
  if (!slot) return 'but that is in no source';
  const versions = slot.versions.slice(0, 3).map(({ version }) => version);
  const isCurrent = slot.versions.length === 1 && slot.current !== undefined;
  return `but ${slot.name} ${versions.join(', ')} is all that ${isCurrent ? 'the base has' : 'the sources have'}`;
}

function printAlternatives(alternatives: Alternatives): string {
  return alternatives.map(printRelation).join(' | ');
}

/** Where nothing is hindered for certain, packages were chosen that cannot be together: how each came to be chosen. */
function brokenAfterWalk(selection: Selection, wasBroken: ReadonlySet<Slot>): string[] {
  const gap = findGap(selection, wasBroken);
  if (!gap) return [];
  const gaps = [...selection.marked(), ...selection.universe.installed]
    .filter((slot) => slot.isMarked || !wasBroken.has(slot))
    .flatMap((slot) => [...selection.gapsOf(slot)]);
  return gaps.map((one) => printGap(selection, one));
}

function printGap(selection: Selection, gap: Gap): string {
  if ('unmet' in gap)
    return `${chainOf(gap.slot)} depends on ${printAlternatives(gap.unmet)}, ${printRival(selection, gap.unmet)}`;
  const { slot, unwanted, other } = gap;
  return `${chainOf(slot)} conflicts with ${printRelation(unwanted)}, but ${chainOf(other)} is to be installed`;
}

/** What was chosen, and is against what would meet a dependency. */
function printRival(selection: Selection, unmet: Alternatives): string {
  const chosen = [...selection.marked(), ...selection.universe.installed];
  for (const target of unmet.flatMap((relation) => selection.universe.targetsOf(relation))) {
    const rival = chosen.find(
      (slot) => slot !== target.slot && slot.chosen && areEnemies(selection, target, { slot, version: slot.chosen }),
    );
    if (!rival?.chosen) continue;
    const pair = `but ${target.slot.name} cannot be with ${rival.name} ${rival.chosen.version}`;
    return rival.isMarked ? `${pair}: ${chainOf(rival)} is to be installed` : `${pair} of the base`;
  }
  return 'which cannot be installed as well';
}

function areEnemies(selection: Selection, a: Target, b: Target): boolean {
  return (findEnemy(selection, a.version, b) ?? findEnemy(selection, b.version, a)) !== undefined;
}

/** `git (wanted) depends on libcurl3-gnutls (>= 7.56.1), which`: how a package came to be chosen, up to its name. */
function chainOf(slot: Slot): string {
  const steps: string[] = [];
  const seen = new Set<Slot>();
  let at = slot;
  while (at.cause && !seen.has(at)) {
    seen.add(at);
    steps.unshift(at.cause.relation ? printRelation(at.cause.relation) : at.name);
    at = at.cause.by;
  }
  const start = `${at.name} ${at.isMarked ? '(wanted)' : 'of the base'}`;
  return steps.length === 0 ? start : `${start} depends on ${steps.join(', which depends on ')}, which`;
}
