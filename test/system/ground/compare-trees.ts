// Two installed trees side by side: every path that is not the same in both, with what each has there.
import type { InstalledTree, TreeFile } from './installed-tree.ts';

export interface Difference {
  /** Below the root of the environment. */
  readonly path: string;
  readonly ours: TreeFile | undefined;
  readonly uvs: TreeFile | undefined;
}

export function compareTrees(ours: InstalledTree, uvs: InstalledTree): Difference[] {
  const paths = [...new Set([...ours.keys(), ...uvs.keys()])].sort();
  return paths
    .map((path) => ({ path, ours: ours.get(path), uvs: uvs.get(path) }))
    .filter((one) => describeFile(one.ours) !== describeFile(one.uvs));
}

/** `bin/ruff: ours file 644 3f2a…, uv's file 755 3f2a…` */
export function describeDifference({ path, ours, uvs }: Difference): string {
  return `${path}: ours ${describeFile(ours)}, uv's ${describeFile(uvs)}`;
}

function describeFile(file: TreeFile | undefined): string {
  if (file === undefined) return 'nothing';
  const { type, mode, sha256, target } = file;
  return type === 'symlink' ? `symlink to ${target}` : [type, mode.toString(8), sha256].filter(Boolean).join(' ');
}
