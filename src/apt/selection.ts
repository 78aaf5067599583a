// What is decided so far in a resolution, and the way back: every change is written down and can be taken back.
import type { Alternatives, PackageVersion, Relation } from '../deb/package.ts';
import type { Slot, Target, Universe } from './universe.ts';

type Choose = (slot: Slot) => PackageVersion | undefined;
type Decision = Partial<Omit<Slot, 'name' | 'versions' | 'current'>>;

/** Two packages that cannot be together, or a dependency that nothing meets. */
export type Gap =
  | { readonly slot: Slot; readonly unmet: Alternatives }
  | { readonly slot: Slot; readonly unwanted: Relation; readonly other: Slot };

export class Selection {
  readonly universe: Universe;
  /** Packages that were marked, in the order in which they were; a package may stand here more than once. */
  readonly touched: Slot[] = [];
  readonly held: ReadonlySet<string>;
  readonly #journal: (() => void)[] = [];

  constructor(universe: Universe, held: ReadonlySet<string>) {
    this.universe = universe;
    this.held = held;
  }

  change(slot: Slot, decision: Decision): void {
    const { candidate, chosen, isMarked, isProtected, cause } = slot;
    const before = { candidate, chosen, isMarked, isProtected, cause };
    const length = this.touched.length;
    if (decision.isMarked) this.touched.push(slot);
    Object.assign(slot, decision);
    this.#journal.push(() => {
      Object.assign(slot, before);
      this.touched.length = length;
    });
  }

  /** A place to go back to. */
  mark(): number {
    return this.#journal.length;
  }

  rollback(mark: number): void {
    while (this.#journal.length > mark) this.#journal.pop()?.();
  }

  /** What is to be installed, in the order in which it was chosen. */
  marked(): Slot[] {
    return [...new Set(this.touched)].filter((slot) => slot.isMarked);
  }

  isMet(alternatives: Alternatives): boolean {
    return this.#hasTarget(alternatives, (slot) => slot.chosen);
  }

  isMetByCandidates(alternatives: Alternatives): boolean {
    return this.#hasTarget(alternatives, (slot) => slot.candidate);
  }

  /** What is chosen, and stands against a relation of another package. A package is never against itself (Policy 7.4). */
  against(relation: Relation, owner: Slot): Target[] {
    return this.#others(relation, owner, (slot) => slot.chosen);
  }

  candidatesAgainst(relation: Relation, owner: Slot): Target[] {
    return this.#others(relation, owner, (slot) => slot.candidate);
  }

  currentAgainst(relation: Relation, owner: Slot): Target[] {
    return this.#others(relation, owner, (slot) => slot.current);
  }

  /** Whether what is chosen of a package lacks something, or cannot be with something. */
  isBroken(slot: Slot): boolean {
    return this.gapsOf(slot).next().done !== true;
  }

  /** Whether a version would lack nothing, and be against nothing, among what is chosen. */
  isComplete(slot: Slot, version: PackageVersion): boolean {
    return this.gapsOf(slot, version).next().done === true;
  }

  *gapsOf(slot: Slot, version = slot.chosen): Generator<Gap, undefined> {
    if (!version) return;
    for (const unmet of dependenciesOf(version)) if (!this.isMet(unmet)) yield { slot, unmet };
    for (const unwanted of enemiesOf(version)) {
      for (const { slot: other } of this.against(unwanted, slot)) yield { slot, unwanted, other };
    }
  }

  #hasTarget(alternatives: Alternatives, pick: Choose): boolean {
    return alternatives.some((relation) =>
      this.universe.targetsOf(relation).some(({ slot, version }) => pick(slot) === version),
    );
  }

  #others(relation: Relation, owner: Slot, pick: Choose): Target[] {
    return this.universe.targetsOf(relation).filter(({ slot, version }) => slot !== owner && pick(slot) === version);
  }
}

export function dependenciesOf(version: PackageVersion): readonly Alternatives[] {
  return version.preDepends.length === 0 ? version.depends : [...version.preDepends, ...version.depends];
}

export function enemiesOf(version: PackageVersion): readonly Relation[] {
  return version.conflicts.length === 0 ? version.breaks : [...version.conflicts, ...version.breaks];
}
