// What a program changed in a tree of its own, found by comparing it with what it was; told in the form of overlayfs' upper folder.
import { lstatSync } from 'node:fs';
import type { Context } from '../core/context.ts';
import type { BytePath } from './folder-walk.ts';
import { hostPath, parentOf, walkFolder } from './folder-walk.ts';

/** What the kernel says of each path: equal as long as nothing of it was touched. */
export type Snapshot = ReadonlyMap<BytePath, Stamp>;

interface Stamp {
  readonly isDirectory: boolean;
  readonly text: string;
}

/** @param covered left out, with all that is in them */
export async function snapshot(ctx: Context, root: string, covered: ReadonlySet<BytePath>): Promise<Snapshot> {
  const stamps = new Map<BytePath, Stamp>();
  await walkFolder(ctx, root, (path, isDirectory) => {
    if (covered.has(path)) return false;
    stamps.set(path, stampOf(root, path, isDirectory));
    return isDirectory;
  });
  return stamps;
}

/** The time of change is the kernel's own: it tells of contents, owners, attributes and links alike. */
function stampOf(root: string, path: BytePath, isDirectory: boolean): Stamp {
  const { ino, mode, uid, gid, size, mtimeNs, ctimeNs } = lstatSync(hostPath(root, path), { bigint: true });
  // Where the tree lies in an overlayfs, directories may change their numbers (kernel documentation, overlayfs, "Inode properties").
  const own = isDirectory ? [] : [ino, size, mtimeNs];
  return { isDirectory, text: [mode, uid, gid, ctimeNs, ...own].join(' ') };
}

export interface TreeChanges {
  /** What is new or was touched, with all directories above it, in the order in which tar walks. */
  readonly present: readonly BytePath[];
  /** Whatever is gone from a directory that is still there. */
  readonly removed: readonly BytePath[];
}

export function compareTrees(before: Snapshot, after: Snapshot): TreeChanges {
  const present = new Set<BytePath>(['']);
  const keep = (path: BytePath): void => {
    for (let at = path; !present.has(at); at = parentOf(at)) present.add(at);
  };
  for (const [path, { text }] of after) if (before.get(path)?.text !== text) keep(path);
  const removed: BytePath[] = [];
  for (const path of before.keys()) {
    const parent = parentOf(path);
    if (after.has(path) || (parent !== '' && after.get(parent)?.isDirectory !== true)) continue;
    removed.push(path);
    keep(parent);
  }
  return { present: asWalked(present), removed };
}

/** As tar --sort=name goes: what is in a directory follows it, before its next sibling. No name has a NUL. */
function asWalked(paths: ReadonlySet<BytePath>): BytePath[] {
  const keys = [...paths].map((path) => path.replaceAll('/', '\0')).sort();
  return keys.map((key) => key.replaceAll('\0', '/'));
}
