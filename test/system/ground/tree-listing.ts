// What a root has beyond its base, as data: equal changes give equal maps, whoever made them.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

export interface TreeEntry {
  readonly type: 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket' | 'removed';
  /** Permission bits; 0 for symlinks, where they mean nothing. Absent only for what is removed, as are the owners. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Of files: bytes. */
  readonly size?: number;
  /** Of files: hexadecimal. */
  readonly sha256?: string;
  /** Of files: seconds. */
  readonly mtime?: number;
  /** Of symlinks. */
  readonly target?: string;
  /** Of devices: major and minor. */
  readonly device?: readonly [number, number];
  /** `security.capability`, hexadecimal. */
  readonly capability?: string;
  /** `user.*`, hexadecimal; only where there are any. */
  readonly xattrs?: Readonly<Record<string, string>>;
  /** Of hard links: the first path of all that are this file. */
  readonly linked?: string;
  /** Of small files below /etc and /var/lib, for comparing what they say. */
  readonly text?: string;
}

/** By path without a leading slash: what is new, other than in the base, or removed from it. */
export type TreeListing = ReadonlyMap<string, TreeEntry>;

/** Not part of a tree: what a container mounts, and the files that apt can fetch again. */
const LEFT_OUT = ['proc', 'sys', 'dev', 'var/cache/apt', 'var/lib/apt/lists'];

/** A command for a shell that prints the listing of `$UPPER` over a folder. */
export function listCommand(lower: string): string {
  return `python3 '${join(import.meta.dirname, 'list-changes.py')}' "$UPPER" '${lower}' ${LEFT_OUT.join(' ')}`;
}

/** Reads what the command printed. */
export function parseListing(printed: string): TreeListing {
  const lines = printed.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const { path, ...entry } = JSON.parse(line) as TreeEntry & { readonly path: string };
      return [path, entry];
    }),
  );
}

/** A listing with what it was made of. */
export interface MadeTree {
  /** `name version architecture`, sorted. */
  readonly packages: readonly string[];
  /** What making it took. */
  readonly seconds: number;
  readonly tree: TreeListing;
}

/** @returns undefined where the file is not there */
export async function readTree(file: string): Promise<MadeTree | undefined> {
  try {
    const printed = gunzipSync(await readFile(file)).toString();
    const { entries, ...facts } = JSON.parse(printed) as Omit<MadeTree, 'tree'> & {
      readonly entries: [string, TreeEntry][];
    };
    return { ...facts, tree: new Map(entries) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function writeTree(file: string, { tree, ...facts }: MadeTree): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.${process.pid}.part`, gzipSync(JSON.stringify({ ...facts, entries: [...tree] })));
  await rename(`${file}.${process.pid}.part`, file);
}
