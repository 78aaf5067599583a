// Folders with the names that they have: programs may give files names that are no UTF-8, so paths are Latin-1 strings of their bytes.
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';

/** Relative to a folder, each byte one character (latin1); '' is the folder itself. */
export type BytePath = string;

/** Above every image; what makes more files than this never ends. */
const ENTRIES_LIMIT = 10_000_000;

export const toBytes = (path: BytePath): Buffer => Buffer.from(path, 'latin1');
export const fromText = (path: string): BytePath => Buffer.from(path).toString('latin1');
export const toText = (path: BytePath): string => toBytes(path).toString('utf8');
export const parentOf = (path: BytePath): BytePath => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** A path of the host: folder and what is in it. */
export function hostPath(folder: string, path: BytePath): Buffer {
  return path === '' ? Buffer.from(folder) : Buffer.concat([Buffer.from(`${folder}/`), toBytes(path)]);
}

/**
 * Calls `visit` for everything below the folder, directories before what is in them; these are entered where it says so. Links are not
 * followed. Throws `ABORTED`, `TOO_LARGE`, and `ENTRY_INVALID` for paths that the kernel has no words for.
 */
export async function walkFolder(
  ctx: Context,
  folder: string,
  visit: (path: BytePath, isDirectory: boolean) => boolean,
): Promise<void> {
  const pending: BytePath[] = [''];
  let count = 0;
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    throwIfAborted(ctx);
    for (const entry of await entriesOf(folder, at)) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      if (++count > ENTRIES_LIMIT)
        throw new ImageSpecError('TOO_LARGE', `A tree has more than ${ENTRIES_LIMIT} files`, {
          hint: 'Remove what the commands do not need to leave.',
        });
      if (visit(path, entry.isDirectory())) pending.push(path);
    }
  }
}

async function entriesOf(folder: string, path: BytePath): Promise<Dirent[]> {
  try {
    return await readdir(hostPath(folder, path), { encoding: 'latin1', withFileTypes: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw cause;
    throw new ImageSpecError('ENTRY_INVALID', `/${toText(path).slice(0, 100)}… is longer than a path may be`, {
      hint: 'Remove it at the end of the commands.',
      cause,
    });
  }
}
