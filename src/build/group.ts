// Which wheels share a layer: those that the user puts together; of the others, big ones stand alone, small ones share a few groups that depend on their names only,
// so that one changed package moves one layer and no other.
import { createHash } from 'node:crypto';
import { normalizeName } from '../python/package-name.ts';

/** From this size on (bytes of the wheel) a package has a layer of its own: below, a request costs more than the bytes. */
const ALONE_FROM_BYTES = 1 << 20;
/** Small packages share this many layers at most: few enough to be cheap, more than one so that a change does not move all. */
const SMALL_GROUPS = 4;
/** Overlay filesystems mount at most 127 layers; base, user, environment and files need theirs. */
const ALONE_MAX = 64;

export interface Groupable {
  /** Normalised name (PEP 503). */
  readonly name: string;
  readonly version: string;
  /** Bytes. */
  readonly size: number;
}

export interface Group<T extends Groupable> {
  /** What is in it: `numpy 2.2.6`, or `7 packages: anyio, click, …`. */
  readonly content: string;
  readonly members: readonly T[];
}

/** Names of packages that share a layer, as the spec writes them: in any spelling, `*` for any letters. */
export type LayerHints = readonly (readonly string[])[];

/**
 * Stable groups in a stable order: packages with a layer of their own by name, the shared groups, and last those of the user, in the order in
 * which they are written, so that what is named last is what changes most often.
 */
export function groupPackages<T extends Groupable>(packages: readonly T[], hints: LayerHints = []): Group<T>[] {
  const byName = [...packages].sort((a, b) => (a.name < b.name ? -1 : 1));
  const patterns = hints.map((names) => names.map(toPattern));
  const hinted = Map.groupBy(byName, ({ name }) =>
    patterns.findIndex((one) => one.some((pattern) => pattern.test(name))),
  );
  const free = hinted.get(-1) ?? [];
  const big = free.filter((one) => one.size >= ALONE_FROM_BYTES).sort((a, b) => b.size - a.size);
  const alone = new Set(big.slice(0, ALONE_MAX));
  const groups = [...alone].sort((a, b) => (a.name < b.name ? -1 : 1)).map((one) => toGroup([one]));
  const shared = Map.groupBy(
    free.filter((one) => !alone.has(one)),
    (one) => groupOf(one.name),
  );
  const numbers = [...shared.keys()].sort((a, b) => a - b);
  return [
    ...groups,
    ...numbers.map((number) => toGroup(shared.get(number) ?? [])),
    ...patterns.flatMap((_, index) => (hinted.has(index) ? [toGroup(hinted.get(index)!)] : [])),
  ];
}

/** Hints that no package fits: slips of the pen, or of another platform. */
export function unusedHints(names: readonly string[], hints: LayerHints): string[] {
  return hints.flat().filter((hint) => !names.some((name) => toPattern(hint).test(name)));
}

function toPattern(hint: string): RegExp {
  const parts = hint.split('*').map((part) => normalizeName(part).replace(/[^a-z0-9-]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

function groupOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) % SMALL_GROUPS;
}

function toGroup<T extends Groupable>(members: readonly T[]): Group<T> {
  const [first] = members;
  if (members.length === 1 && first) return { content: `${first.name} ${first.version}`, members };
  return { content: `${members.length} packages: ${members.map((member) => member.name).join(', ')}`, members };
}
