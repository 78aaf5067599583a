// The user's own files: every entry of `copy` lands below /root under its own relative path, owned by the image's user, as flytekit does it.
import type { Context } from '../core/context.ts';
import { keyOf } from '../core/json.ts';
import type { Entry } from '../filesystem/entry.ts';
import { sizeOf } from '../filesystem/entry.ts';
import { hashEntries, readHostTree } from '../filesystem/host.ts';
import { createTree } from '../filesystem/stage.ts';
import { LAYER_FORMAT } from '../layer/format.ts';
import type { BaseReader } from './base.ts';
import type { WantedLayer } from './make-layers.ts';
import type { ImageUser } from './user.ts';

/** Where copied files go, and the working directory of the image. */
export const FILES_ROOT = '/root';

/** All entries of `copy`, read once for all platforms; owners come later, since they depend on the base. */
export async function readCopies(
  ctx: Context,
  copies: readonly string[],
  folder: string,
  mtime: number,
): Promise<Entry[]> {
  const owner = { uid: 0, gid: 0, mtime };
  const read = copies.map((path) => {
    const clean = path.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
    const below = clean === '' || clean === '.' ? '' : `/${clean}`;
    return readHostTree(ctx, { root: folder, path, destination: `${FILES_ROOT.slice(1)}${below}`, ...owner });
  });
  return (await Promise.all(read)).flat();
}

/** The layer of copied files; its key is the content of every file, with paths, modes and owner. */
export async function fileLayers(
  ctx: Context,
  copies: readonly Entry[],
  reader: BaseReader,
  user: ImageUser,
  names: readonly string[],
): Promise<WantedLayer[]> {
  if (copies.length === 0) return [];
  const owned = copies.map((entry) => (entry.type === 'whiteout' ? entry : { ...entry, uid: user.uid, gid: user.gid }));
  const key = keyOf({ format: LAYER_FORMAT, base: reader.base.key, content: await hashEntries(ctx, owned) });
  const size = owned.reduce((sum, entry) => sum + (entry.type === 'file' ? sizeOf(entry.content) : 0), 0);
  const entries = async (): Promise<readonly Entry[]> => {
    const tree = createTree(await reader.facts(ctx));
    tree.add(owned, 'copy');
    return tree.layerEntries(['copy']);
  };
  return [{ kind: 'files', content: `copied files: ${names.join(', ')}`, key, size, entries }];
}
