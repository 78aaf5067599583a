// The order in which chosen packages are unpacked and configured: what is depended on first.
import type { Alternatives } from '../deb/package.ts';
import { dependenciesOf, enemiesOf } from './selection.ts';
import type { Selection } from './selection.ts';
import type { Slot } from './universe.ts';

interface Edges {
  /** Pre-Depends: these must be configured before the package is unpacked (Policy 7.2). */
  readonly strong: ReadonlySet<Slot>;
  /** Depends, and installed versions that are in the way until they are upgraded. */
  readonly weak: ReadonlySet<Slot>;
}

/**
 * Ties are settled by the order of the slots. In a cycle the package goes first that lacks the fewest of the others, and never before what it
 * pre-depends on, unless Pre-Depends themselves go round.
 */
export function orderForInstall(selection: Selection, slots: readonly Slot[]): Slot[] {
  const among = new Set(slots);
  const edges = new Map(slots.map((slot) => [slot, edgesOf(selection, slot, among)]));
  return components(slots, edges).flatMap((component) => orderCycle(component, edges));
}

function edgesOf(selection: Selection, slot: Slot, among: ReadonlySet<Slot>): Edges {
  const { chosen } = slot;
  if (!chosen) return { strong: new Set(), weak: new Set() };
  const needed = (groups: readonly Alternatives[]): Set<Slot> =>
    new Set(groups.flatMap((group) => providersIn(selection, group, among)).filter((other) => other !== slot));
  const inTheWay = enemiesOf(chosen)
    .flatMap((relation) => selection.currentAgainst(relation, slot))
    .map((target) => target.slot)
    .filter((other) => among.has(other));
  const weak = new Set([...needed(dependenciesOf(chosen)), ...inTheWay]);
  return { strong: needed(chosen.preDepends), weak };
}

/** None when a package that stays as it is meets the dependency. */
function providersIn(selection: Selection, group: Alternatives, among: ReadonlySet<Slot>): Slot[] {
  const meeting = group
    .flatMap((relation) => selection.universe.targetsOf(relation))
    .filter(({ slot, version }) => slot.chosen === version)
    .map(({ slot }) => slot);
  return meeting.every((slot) => among.has(slot)) ? meeting.slice(0, 1) : [];
}

/** Packages that depend on each other, as Tarjan finds them: each group comes after the groups it depends on. */
function components(slots: readonly Slot[], edges: ReadonlyMap<Slot, Edges>): Slot[][] {
  const found: Slot[][] = [];
  const numbers = new Map<Slot, number>();
  const low = new Map<Slot, number>();
  const stack: Slot[] = [];
  const open = new Set<Slot>();
  const visit = (slot: Slot): void => {
    const number = numbers.size;
    numbers.set(slot, number);
    low.set(slot, number);
    stack.push(slot);
    open.add(slot);
    for (const next of edges.get(slot)?.weak ?? []) {
      if (!numbers.has(next)) visit(next);
      if (open.has(next)) low.set(slot, Math.min(low.get(slot) ?? number, low.get(next) ?? number));
    }
    if (low.get(slot) !== number) return;
    const component = stack.splice(stack.indexOf(slot));
    for (const member of component) open.delete(member);
    found.push(component);
  };
  for (const slot of slots) if (!numbers.has(slot)) visit(slot);
  return found;
}

function orderCycle(component: readonly Slot[], edges: ReadonlyMap<Slot, Edges>): Slot[] {
  const rest = new Set(component);
  const ordered: Slot[] = [];
  const countIn = (slots: ReadonlySet<Slot> | undefined): number =>
    [...(slots ?? [])].filter((slot) => rest.has(slot)).length;
  while (rest.size > 0) {
    let best: Slot | undefined;
    let least = Infinity;
    for (const slot of rest) {
      const { strong, weak } = edges.get(slot) ?? {};
      const missing = countIn(strong) * component.length + countIn(weak);
      if (missing < least) [best, least] = [slot, missing];
    }
    if (!best) break;
    rest.delete(best);
    ordered.push(best);
  }
  return ordered;
}
