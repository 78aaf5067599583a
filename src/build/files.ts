// The user's own files: sources land in /root as they lie in their folder, every entry of `copy` below it under its own relative path; all
// are owned by the image's user, as flytekit does it.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { keyOf } from '../core/json.ts';
import type { Entry } from '../filesystem/entry.ts';
import { sizeOf } from '../filesystem/entry.ts';
import { readHostFiles } from '../filesystem/host-files.ts';
import { hashEntries, readHostTree } from '../filesystem/host.ts';
import { createTree } from '../filesystem/stage.ts';
import { LAYER_FORMAT } from '../layer/format.ts';
import { OUTPUT_FOLDER } from '../spec/own-files.ts';
import type { Sources } from '../spec/source-digest.ts';
import { sourcePaths, sourceRoot } from '../spec/source-digest.ts';
import type { BaseReader } from './base.ts';
import type { WantedLayer } from './make-layers.ts';
import type { ImageUser } from './user.ts';
import { userEntries } from './user.ts';

/** Where copied files go, and the working directory of the image. */
export const FILES_ROOT = '/root';

export interface Copies {
  /** As the spec writes them. */
  readonly copies: readonly string[];
  /** Absolute; where they start. */
  readonly folder: string;
  /** Name of the lock file in that folder. */
  readonly lockName: string | undefined;
  /** Absent where nothing of `source_root` is copied. */
  readonly sources?: Sources | undefined;
}

/** Owners come later, since they depend on the base. */
export interface UserFiles {
  readonly sources: readonly Entry[];
  readonly copies: readonly Entry[];
}

/** Read once for all platforms. Throws `COPY_NOT_FOUND`, `COPY_INVALID`, and `PATH_CONFLICT` for a file where the other has a folder. */
export async function readUserFiles(ctx: Context, request: Copies, mtime: number): Promise<UserFiles> {
  const [sources, copies] = await Promise.all([
    request.sources ? readSources(ctx, request.sources, mtime) : [],
    readCopies(ctx, request, mtime),
  ]);
  refuseMixed(sources, copies);
  return { sources, copies };
}

async function readSources(ctx: Context, sources: Sources, mtime: number): Promise<Entry[]> {
  const root = sourceRoot(sources);
  const paths = await sourcePaths(sources);
  return readHostFiles(ctx, { root, paths, destination: FILES_ROOT.slice(1), uid: 0, gid: 0, mtime });
}

/** One of them would hide the other whole. */
function refuseMixed(sources: readonly Entry[], copies: readonly Entry[]): void {
  const types = new Map(sources.map(({ path, type }) => [path, type]));
  const mixed = copies.find(({ path, type }) => {
    const other = types.get(path);
    return other !== undefined && (other === 'directory') !== (type === 'directory');
  });
  if (!mixed) return;
  const what = mixed.type === 'directory' ? 'a folder of `copy` and a file' : 'a file of `copy` and a folder';
  throw new ImageSpecError('PATH_CONFLICT', `/${mixed.path} would be both ${what} of \`source_root\``, {
    hint: 'Leave one of them out: both land in /root.',
    facts: { path: `/${mixed.path}` },
  });
}

/** Of paths, modes and content; of copies alone it is what it was before there were sources. */
export async function digestUserFiles(ctx: Context, { sources, copies }: UserFiles): Promise<Digest> {
  const copied = await hashEntries(ctx, copies);
  return sources.length === 0 ? copied : keyOf({ sources: await hashEntries(ctx, sources), copied });
}

/**
 * All entries of `copy`. What a build itself leaves in a
 * copied folder, outputs and lock, is left out: the next build would give another image.
 */
async function readCopies(ctx: Context, { copies, folder, lockName }: Copies, mtime: number): Promise<Entry[]> {
  const owner = { uid: 0, gid: 0, mtime };
  const lock = lockName === undefined ? undefined : `${FILES_ROOT.slice(1)}/${lockName}`;
  const read = copies.map(async (path) => {
    const clean = path.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
    const below = clean === '' || clean === '.' ? '' : `/${clean}`;
    const destination = `${FILES_ROOT.slice(1)}${below}`;
    const entries = await readHostTree(ctx, { root: folder, path, destination, ...owner });
    const isOutput = (one: Entry): boolean => one.path.slice(destination.length).split('/').includes(OUTPUT_FOLDER);
    return entries.filter((one) => one.path === destination || (one.path !== lock && !isOutput(one)));
  });
  return (await Promise.all(read)).flat();
}

export interface FilesInput {
  readonly files: UserFiles;
  readonly reader: BaseReader;
  readonly user: ImageUser;
  /** What the spec writes: the root, and each of `copy`. */
  readonly root: string | undefined;
  readonly copies: readonly string[];
  /** Seconds. */
  readonly epoch: number;
}

/** The layer of sources, and above it that of copied files: these win, as with flytekit. */
export async function fileLayers(ctx: Context, input: FilesInput): Promise<WantedLayer[]> {
  const { files, root, copies } = input;
  const layers = await Promise.all([
    layerOf(ctx, input, { kind: 'sources', content: `sources: ${root}`, files: files.sources }),
    layerOf(ctx, input, { kind: 'files', content: `copied files: ${copies.join(', ')}`, files: files.copies }),
  ]);
  return layers.filter((layer) => layer !== undefined);
}

interface FileLayer {
  readonly kind: 'sources' | 'files';
  readonly content: string;
  readonly files: readonly Entry[];
}

/** Its key is the content of every file, with paths, modes and owner. */
async function layerOf(
  ctx: Context,
  { reader, user, epoch }: FilesInput,
  { kind, content, files }: FileLayer,
): Promise<WantedLayer | undefined> {
  // As COPY has it, the folder that files are copied into stays as it is.
  const below = files.filter(({ path }) => path !== FILES_ROOT.slice(1));
  if (below.length === 0) return undefined;
  const owned = below.map((entry) => (entry.type === 'whiteout' ? entry : { ...entry, uid: user.uid, gid: user.gid }));
  const key = keyOf({ format: LAYER_FORMAT, base: reader.base.key, epoch, content: await hashEntries(ctx, owned) });
  const size = owned.reduce((sum, entry) => sum + (entry.type === 'file' ? sizeOf(entry.content) : 0), 0);
  const entries = async (): Promise<readonly Entry[]> => {
    const facts = await reader.facts(ctx);
    const tree = createTree(facts);
    // The layer of the user made /root theirs: what this layer repeats of it must not take that back.
    tree.add(userEntries(facts, user.name, epoch).entries, 'user');
    tree.add(owned, kind);
    return tree.layerEntries([kind]);
  };
  return { kind, content, key, size, entries };
}
