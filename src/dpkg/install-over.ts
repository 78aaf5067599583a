// From facts of a base and opened packages to entries by package, and the facts of what has become of it.
import type { Entry } from '../filesystem/entry.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import type { Tree } from '../filesystem/stage.ts';
import { createTree } from '../filesystem/stage.ts';
import { entriesOf, factsOf } from '../filesystem/tree-entries.ts';
import type { TreeNode } from '../filesystem/writable-tree.ts';
import { WritableTree } from '../filesystem/writable-tree.ts';
import { readRangeBytes } from '../deb/read-range-bytes.ts';
import type { Deferred } from './deferral.ts';
import type { Otherwise, WantedDeb } from './install.ts';
import { installDebs, requireDebian } from './install.ts';
import { seedRoot } from './seed-root.ts';

export interface InstallOptions {
  /** As dpkg names it. */
  readonly architecture: string;
  readonly otherwise: Otherwise;
  /** Seconds: the time of what scripts make. */
  readonly epoch: number;
  /** Name of the base, for messages. */
  readonly base: string;
  /** Which files the facts of the result must hold, as for `readFacts`. */
  readonly capture: (path: string) => number | undefined;
}

export interface InstalledOver {
  readonly tree: Tree;
  /** Origin in the tree of each package's own files, in their order. */
  readonly byPackage: readonly string[];
  /** Origin of everything else: the database, and what scripts made. */
  readonly rest: string;
  readonly facts: BaseFacts;
  readonly warnings: readonly string[];
  /** What is left to the image's own dpkg. */
  readonly deferred: Deferred | undefined;
}

/** Throws `PACKAGES_CONFLICT`, `CONFIGURE_UNSUPPORTED`, `DEB_INVALID`. */
export function installOver(facts: BaseFacts, debs: readonly WantedDeb[], options: InstallOptions): InstalledOver {
  const { architecture, otherwise, epoch, base, capture } = options;
  const tree = new WritableTree({ facts, readRange: readRangeBytes, now: epoch });
  requireDebian(tree, base);
  if (facts.entries.size === 0) seedRoot(tree, architecture);
  const { brought, warnings, deferred } = installDebs({ tree, architecture, debs, otherwise });
  const result = createTree(facts);
  const rest = 'configuration';
  const changes = new Map(tree.changes());
  const byPackage = brought.map((own, i) => {
    const origin = `${debs[i]!.deb.name} ${i}`;
    result.add(take(changes, own), origin);
    return origin;
  });
  result.add(entriesOf(changes), rest);
  return { tree: result, byPackage, rest, facts: factsOf(tree, facts, capture), warnings, deferred };
}

/** Moves what is still as the package brought it out of the changes. */
function take(changes: Map<string, TreeNode | undefined>, own: ReadonlyMap<string, TreeNode>): Entry[] {
  const mine = new Map([...own].filter(([path, node]) => changes.get(path) === node));
  for (const path of mine.keys()) changes.delete(path);
  return entriesOf(mine);
}
