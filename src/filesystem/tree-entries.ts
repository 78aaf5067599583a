// What programs left in a writable tree, in the forms that layers and later steps read: entries and facts.
import type { Entry } from './entry.ts';
import { sortByPath } from './entry.ts';
import type { BaseEntry, BaseFacts } from './facts.ts';
import type { FileNode, TreeNode, WritableTree } from './writable-tree.ts';
import { nodeSize } from './writable-tree.ts';

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** Changes as entries; names of one file become hard links of the first of them. Throws a plain Error for what no layer can hold. */
export function entriesOf(changes: ReadonlyMap<string, TreeNode | undefined>): Entry[] {
  const first = new Map<FileNode, string>();
  const entries: Entry[] = [];
  for (const path of sortByPath([...changes.keys()], (path) => path)) {
    const node = changes.get(path);
    if (node === undefined) {
      if (isTopmost(path, changes)) entries.push({ type: 'whiteout', path });
    } else entries.push(entryOf(path, node, first));
  }
  return entries;
}

/** What lies below something that was removed or replaced goes with it; a whiteout there would bring its directory back. */
function isTopmost(path: string, changes: ReadonlyMap<string, TreeNode | undefined>): boolean {
  for (let at = parentOf(path); at !== ''; at = parentOf(at)) {
    if (changes.has(at) && changes.get(at)?.type !== 'directory') return false;
  }
  return true;
}

function entryOf(path: string, node: TreeNode, first: Map<FileNode, string>): Entry {
  if (node.type === 'directory' || node.type === 'symlink') return { ...node, path };
  if (node.type === 'other') throw new Error(`/${path} is no file, directory or symlink`);
  const known = first.get(node);
  const { type: _type, content, ...attributes } = node;
  if (known !== undefined) return { ...attributes, type: 'hardlink', path, target: known };
  first.set(node, path);
  if (content.kind === 'base') throw new Error(`/${path} has only the bytes of the base`);
  return { ...attributes, type: 'file', path, content };
}

/** The tree as a base of what comes next. @param capture as for `readFacts`, asked for files that changed */
export function factsOf(tree: WritableTree, base: BaseFacts, capture: (path: string) => number | undefined): BaseFacts {
  const entries = new Map(base.entries);
  const captured = new Map(base.captured);
  const first = new Map<TreeNode, string>();
  for (const [path, node] of tree.changes()) {
    captured.delete(path);
    if (node === undefined) {
      entries.delete(path);
      continue;
    }
    entries.set(path, baseEntryOf(node, first.get(node)));
    if (node.type !== 'file') continue;
    first.set(node, path);
    const limit = capture(path);
    if (limit !== undefined && nodeSize(node) <= limit) captured.set(path, tree.read(path));
  }
  return { entries, captured };
}

function baseEntryOf(node: TreeNode, first: string | undefined): BaseEntry {
  const { mode, uid, gid, mtime, xattrs } = node;
  const attributes = { mode, uid, gid, mtime, ...(xattrs && { xattrs }) };
  if (node.type === 'symlink') return { ...attributes, type: 'symlink', target: node.target };
  if (node.type !== 'file') return { ...attributes, type: node.type };
  const size = nodeSize(node);
  return first === undefined
    ? { ...attributes, type: 'file', size }
    : { ...attributes, type: 'hardlink', size, target: first };
}
