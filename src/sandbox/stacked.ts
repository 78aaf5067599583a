// Which file of a stack of unpacked layers is seen where, without overlayfs: whiteouts and opaque directories applied by ourselves.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import type { BytePath } from './folder-walk.ts';
import { parentOf, walkFolder } from './folder-walk.ts';

/** What is seen of one layer: everything that no layer above hides. */
export interface Seen {
  /** Host folder of the layer's tree. */
  readonly root: string;
  readonly directories: readonly BytePath[];
  readonly others: readonly BytePath[];
}

/**
 * @param folders of the layers, lowest first, as chroot's maker unpacks them
 * @param covered what these hold is not wanted: places of mounts. The directories themselves are, files are not.
 */
export async function stacked(
  ctx: Context,
  folders: readonly string[],
  covered: ReadonlySet<BytePath>,
): Promise<readonly Seen[]> {
  /** By path, whether it is a directory. */
  const known = new Map<BytePath, boolean>();
  const hidden = new Set<BytePath>();
  const opaque = new Set<BytePath>();
  const result: Seen[] = [];
  for (const folder of [...folders].reverse()) {
    const seen = { root: join(folder, 'root'), directories: [] as BytePath[], others: [] as BytePath[] };
    await walkFolder(ctx, seen.root, (path, isDirectory) => {
      if (hidden.has(path) || opaque.has(parentOf(path)) || covered.has(parentOf(path))) return false;
      if (covered.has(path) && !isDirectory) return false;
      const above = known.get(path);
      // A directory ends where a layer between has something else.
      if (above === true && !isDirectory) hidden.add(path);
      if (above !== undefined) return above && isDirectory;
      known.set(path, isDirectory);
      (isDirectory ? seen.directories : seen.others).push(path);
      return isDirectory;
    });
    for (const path of await listed(folder, 'whiteouts')) hidden.add(path);
    for (const path of await listed(folder, 'opaque')) opaque.add(path);
    result.push(seen);
  }
  return result;
}

async function listed(folder: string, name: string): Promise<BytePath[]> {
  return (await readFile(join(folder, name), 'latin1')).split('\0').slice(0, -1);
}
