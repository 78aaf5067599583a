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
import { userEntries } from './user.ts';

/** Where copied files go, and the working directory of the image. */
export const FILES_ROOT = '/root';

/** Where images go by default: a folder of this name, in the working directory. */
export const OUTPUT_FOLDER = '.imagespec';

export interface Copies {
  /** As the spec writes them. */
  readonly copies: readonly string[];
  /** Absolute; where they start. */
  readonly folder: string;
  /** Name of the lock file in that folder. */
  readonly lockName: string | undefined;
}

/**
 * All entries of `copy`, read once for all platforms; owners come later, since they depend on the base. What a build itself leaves in a
 * copied folder, outputs and lock, is left out: the next build would give another image.
 */
export async function readCopies(ctx: Context, { copies, folder, lockName }: Copies, mtime: number): Promise<Entry[]> {
  const owner = { uid: 0, gid: 0, mtime };
  const lock = lockName === undefined ? undefined : `${FILES_ROOT.slice(1)}/${lockName}`;
  // Those of several images of the file have their names in between.
  const isLock = ({ path }: Entry): boolean =>
    lock !== undefined && (path === lock || (path.startsWith(lock.slice(0, -'lock'.length)) && path.endsWith('.lock')));
  const read = copies.map(async (path) => {
    const clean = path.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
    const below = clean === '' || clean === '.' ? '' : `/${clean}`;
    const destination = `${FILES_ROOT.slice(1)}${below}`;
    const entries = await readHostTree(ctx, { root: folder, path, destination, ...owner });
    const isOutput = (one: Entry): boolean => one.path.slice(destination.length).split('/').includes(OUTPUT_FOLDER);
    return entries.filter((one) => one.path === destination || (!isLock(one) && !isOutput(one)));
  });
  return (await Promise.all(read)).flat();
}

export interface FilesInput {
  readonly copies: readonly Entry[];
  readonly reader: BaseReader;
  readonly user: ImageUser;
  /** As the spec writes them. */
  readonly names: readonly string[];
  /** Seconds. */
  readonly epoch: number;
}

/** The layer of copied files; its key is the content of every file, with paths, modes and owner. */
export async function fileLayers(ctx: Context, input: FilesInput): Promise<WantedLayer[]> {
  const { copies, reader, user, names, epoch } = input;
  // As COPY has it, the folder that files are copied into stays as it is.
  const below = copies.filter(({ path }) => path !== FILES_ROOT.slice(1));
  if (below.length === 0) return [];
  const owned = below.map((entry) => (entry.type === 'whiteout' ? entry : { ...entry, uid: user.uid, gid: user.gid }));
  const key = keyOf({ format: LAYER_FORMAT, base: reader.base.key, epoch, content: await hashEntries(ctx, owned) });
  const size = owned.reduce((sum, entry) => sum + (entry.type === 'file' ? sizeOf(entry.content) : 0), 0);
  const entries = async (): Promise<readonly Entry[]> => {
    const facts = await reader.facts(ctx);
    const tree = createTree(facts);
    // The layer of the user made /root theirs: what this layer repeats of it must not take that back.
    tree.add(userEntries(facts, epoch).entries, 'user');
    tree.add(owned, 'copy');
    return tree.layerEntries(['copy']);
  };
  return [{ kind: 'files', content: `copied files: ${names.join(', ')}`, key, size, entries }];
}
