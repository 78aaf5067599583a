// What programs ask about a path, in the words of test(1).
import type { TreeNode, WritableTree } from '../filesystem/writable-tree.ts';

export const isFile = (tree: WritableTree, path: string): boolean => tree.get(path)?.type === 'file';

export const isDirectory = (tree: WritableTree, path: string): boolean => tree.get(path)?.type === 'directory';

export function isExecutable(tree: WritableTree, path: string): boolean {
  const node = tree.get(path);
  return node?.type === 'file' && (node.mode & 0o111) !== 0;
}

/** Target of a symlink as written; undefined for anything else. */
export function linkTarget(tree: WritableTree, path: string): string | undefined {
  const node: TreeNode | undefined = tree.get(path, false);
  return node?.type === 'symlink' ? node.target : undefined;
}

/** Text of a file; undefined when there is none. */
export function textOf(tree: WritableTree, path: string): string | undefined {
  return isFile(tree, path) ? tree.readText(path) : undefined;
}

/** Lines without their line feeds; the last one may lack its own. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Puts a new symlink in the place of whatever file or symlink is there. */
export function replaceLink(tree: WritableTree, path: string, target: string): void {
  if (tree.get(path, false)) tree.remove(path);
  tree.symlink(path, target);
}

export function removeIfThere(tree: WritableTree, path: string): void {
  if (tree.get(path, false)) tree.remove(path);
}
