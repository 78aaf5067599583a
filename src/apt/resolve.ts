// From packages that are wanted to the versions that are to be installed: what `apt-get install --no-install-recommends` of apt 2.6 chooses.
import { explainFailure } from './explain.ts';
import { orderForInstall } from './install-order.ts';
import type { Candidate, PackageIndex, PackageVersion } from '../deb/package.ts';
import { findGap, searchOn } from './search.ts';
import { dependenciesOf, Selection } from './selection.ts';
import { selectSuites } from './suite.ts';
import type { Slot } from './universe.ts';
import { isCandidate, openUniverse } from './universe.ts';
import { markInstall } from './walk.ts';
import type { Choice } from './wanted.ts';
import { findWanted } from './wanted.ts';
import type { Want } from './want.ts';

export interface ResolutionRequest {
  readonly wants: readonly Want[];
  readonly index: PackageIndex;
  /** Suites that the index holds, for messages. */
  readonly suites: readonly string[];
  /** Packages of the base. */
  readonly installed: readonly PackageVersion[];
  /** Names of packages of the base that stay as they are (`hold` in its database). */
  readonly held?: ReadonlySet<string> | undefined;
  readonly architecture: string;
  /** Whether all packages with `Essential: yes` are wanted too. */
  readonly essential: boolean;
}

interface Step {
  readonly candidate: Candidate;
  /** Named by the user, as opposed to what others depend on. */
  readonly requested: boolean;
  /** The installed version that is upgraded. */
  readonly replaces?: PackageVersion | undefined;
}

export interface Resolution {
  /** What is depended on comes first; only cycles go against it, and never against Pre-Depends. */
  readonly install: readonly Step[];
  /** What a user may not expect, one sentence each: upgrades of the base, real packages behind virtual names. */
  readonly notes: readonly string[];
}

/**
 * Packages of the base are upgraded where a dependency needs it, and never removed or downgraded.
 * Throws `PACKAGE_UNKNOWN` for wants that do not exist, `PACKAGES_CONFLICT` where there is no solution, `NOT_SUPPORTED` for other
 * architectures and removals.
 */
export function resolvePackages(request: ResolutionRequest): Resolution {
  const { native, foreign } = partByArchitecture(request);
  const universe = openUniverse(request.index, native, request.architecture);
  const { choices, notes } = findWanted(request, universe);
  const selection = new Selection(universe, new Set([...(request.held ?? []), ...foreign]));
  const wasBroken = new Set(universe.installed.filter((slot) => selection.isBroken(slot)));
  const start = selection.mark();
  walk(selection, choices, wasBroken);
  if (findGap(selection, wasBroken)) {
    const broken = explainFailure(selection, choices, wasBroken);
    selection.rollback(start);
    markWanted(selection, choices);
    if (!searchOn(selection, wasBroken)) throw broken;
  }
  const kept = withoutLeftovers(selection, choices);
  return { install: listSteps(selection, kept, choices), notes: [...notes, ...kept.flatMap(noteUpgrade)] };
}

/** A package that is installed for another architecture too stays as it is: both would have to change (Multi-Arch: same). */
function partByArchitecture({ installed, architecture }: ResolutionRequest) {
  const isNative = (version: PackageVersion): boolean => ['all', architecture].includes(version.architecture);
  return {
    native: installed.filter(isNative),
    foreign: installed.filter((version) => !isNative(version)).map(({ name }) => name),
  };
}

function walk(selection: Selection, choices: readonly Choice[], wasBroken: ReadonlySet<Slot>): void {
  markWanted(selection, choices);
  for (const { slot } of choices) {
    markInstall(selection, slot, { isFollowed: true, depth: 0, isWanted: true });
  }
  mendInstalled(selection, wasBroken);
}

function markWanted(selection: Selection, choices: readonly Choice[]): void {
  for (const { slot, version } of choices) {
    selection.change(slot, { candidate: version, isProtected: true });
    markInstall(selection, slot, { isFollowed: false, depth: 0, isWanted: true });
  }
  selectSuites(selection, choices);
}

/** Installed packages that lack something now are upgraded. */
function mendInstalled(selection: Selection, wasBroken: ReadonlySet<Slot>): void {
  for (let changed = true; changed;) {
    changed = false;
    for (const slot of selection.universe.installed) {
      if (slot.isMarked || wasBroken.has(slot) || !selection.isBroken(slot)) continue;
      markInstall(selection, slot, { isFollowed: true, depth: 0, isWanted: false });
      changed ||= slot.isMarked;
    }
  }
}

/** What failed alternatives left behind is needed by nobody. */
function withoutLeftovers(selection: Selection, choices: readonly Choice[]): Slot[] {
  const reached = new Set([...selection.universe.installed, ...choices.map(({ slot }) => slot)]);
  for (const { chosen } of reached) {
    const relations = chosen ? dependenciesOf(chosen).flat() : [];
    for (const { slot, version } of relations.flatMap((relation) => selection.universe.targetsOf(relation))) {
      if (slot.chosen === version) reached.add(slot);
    }
  }
  return selection.marked().filter((slot) => reached.has(slot));
}

function listSteps(selection: Selection, slots: readonly Slot[], choices: readonly Choice[]): Step[] {
  const requested = new Set(choices.filter((choice) => choice.isRequested).map(({ slot }) => slot));
  return orderForInstall(selection, slots).flatMap((slot) => {
    const { chosen: candidate, current: replaces } = slot;
    if (!candidate || !isCandidate(candidate)) return [];
    return { candidate, requested: requested.has(slot), ...(replaces ? { replaces } : {}) };
  });
}

function noteUpgrade({ name, current, chosen, cause }: Slot): string[] {
  if (!current || !chosen) return [];
  const why = cause ? `, for ${cause.by.name} ${cause.by.chosen?.version ?? ''}` : '';
  return [`${name} ${current.version} of the base is upgraded to ${chosen.version}${why}`];
}
