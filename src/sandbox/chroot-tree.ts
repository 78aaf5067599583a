// A private copy of a stack of layers, which a program may change: the layers' own folders are never in its reach, not even by hard links.
import { chmod, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import { resolvePath } from '../filesystem/resolve.ts';
import { COPY, COPY_BACK, COPY_IN, MAKE_DEVICES } from './chroot-scripts.ts';
import type { BytePath } from './folder-walk.ts';
import { fromText, hostPath, toBytes } from './folder-walk.ts';
import type { Mount } from './mounts.ts';
import { DEVICE_LINKS, makePlace, ownMounts, placeOf, requireDirectories, writeHostFiles } from './mounts.ts';
import type { ChrootHost } from './namespace.ts';
import { runScript } from './namespace.ts';
import { stacked } from './stacked.ts';

export interface TreePlan {
  /** Folder of the run; the tree is its `root`. */
  readonly work: string;
  readonly facts: BaseFacts;
  readonly folders: readonly string[];
  readonly mounts: readonly Mount[];
  /** Number of the run's processes, and what setpriv(1) leaves them. */
  readonly mark: string;
  readonly capabilities: string;
}

export interface Tree {
  readonly root: string;
  /** Places of what is mounted elsewhere: never among the changes, with all that is in them. */
  readonly covered: ReadonlySet<BytePath>;
  /** What the program wrote where it may, back to where it came from. */
  readonly takeBack: () => Promise<void>;
}

/** A mount, and the path that it has when links are followed. */
type Place = Mount & { readonly at: string };

/** overlayfs takes hard links apart as soon as one of the names is written to: here they are, from the start. */
const READ = '--hard-dereference --no-recursion --format=posix --xattrs --xattrs-include=*';
const WRITE =
  '--delay-directory-restore --preserve-permissions --same-owner --numeric-owner --xattrs --xattrs-include=*';

/** Throws `PATH_CONFLICT` for mounts, `SANDBOX_UNAVAILABLE`, `ABORTED`. */
export async function makeTree(ctx: Context, host: ChrootHost, plan: TreePlan): Promise<Tree> {
  const { work, facts, mounts } = plan;
  const root = join(work, 'root');
  requireDirectories(facts);
  const places = [...ownMounts(work), ...mounts].map((mount) => ({ ...mount, at: placeOf(facts, mount).at }));
  const covered = new Set(['proc', ...places.map(({ at }) => at)].map(fromText));
  await mkdir(root);
  await chmod(root, facts.entries.get('')?.mode ?? 0o755);
  await copyLayers(ctx, host, plan, covered);
  await writeHostFiles(work, (await readFile('/proc/sys/kernel/hostname', 'utf8')).trim());
  await makePlace(join(root, 'proc'), 'directory');
  for (const place of places) {
    await requireInside(root, place);
    await makePlace(join(root, place.at), place.kind);
    if (place.target === '/dev') await makeDevices(ctx, host, join(root, place.at));
    else if (place.target !== '/sys')
      await runScript(ctx, host, { text: COPY_IN, args: [place.source, join(root, place.at)], variables: {} });
  }
  const written = places.filter((place) => mounts.some(({ target }) => target === place.target) && !place.isReadOnly);
  const takeBack = async (): Promise<void> => {
    for (const place of written.reverse()) await copyBack(ctx, host, root, place);
  };
  return { root, covered, takeBack };
}

/** Directories come first, so that each is there for what is in it. */
async function copyLayers(
  ctx: Context,
  host: ChrootHost,
  { work, folders, mark, capabilities }: TreePlan,
  covered: ReadonlySet<BytePath>,
): Promise<void> {
  const seen = await stacked(ctx, folders, covered);
  const words: string[] = [];
  for (const kind of ['directories', 'others'] as const)
    for (const [index, one] of seen.entries()) {
      if (one[kind].length === 0) continue;
      const list = join(work, `${kind}-${index}`);
      await writeFile(list, nameList(one[kind]));
      words.push(`--directory=${one.root}`, `--files-from=${list}`);
    }
  const variables = { MARK: mark, CAPABILITIES: capabilities, READ, WRITE };
  if (words.length > 0) await runScript(ctx, host, { text: COPY, args: [work, ...words], variables });
}

/** For GNU tar's --null --files-from. */
export function nameList(paths: readonly BytePath[]): Buffer {
  return toBytes(paths.map((path) => `./${path}\0`).join(''));
}

async function makeDevices(ctx: Context, host: ChrootHost, dev: string): Promise<void> {
  for (const [name, mode] of [
    ['pts', 0o755],
    ['shm', 0o1777],
  ] as const) {
    await mkdir(join(dev, name));
    await chmod(join(dev, name), mode);
  }
  for (const [name, target] of Object.entries(DEVICE_LINKS)) await symlink(target, join(dev, name));
  await runScript(ctx, host, { text: MAKE_DEVICES, args: [dev], variables: {} });
}

/** A mount may lie in another one, and what that one has is not known to be free of links. Throws `PATH_CONFLICT`. */
async function requireInside(root: string, { at, target }: Place): Promise<void> {
  for (const path of pathsTo(root, at)) {
    const found = await lstat(path).catch(() => undefined);
    if (!found?.isSymbolicLink()) continue;
    throw new ImageSpecError('PATH_CONFLICT', `${target} cannot be mounted: it lies behind a link of another mount`, {
      hint: 'Mount it somewhere else.',
      facts: { path: target },
    });
  }
}

/** The path and all above it, on the host, outermost first. */
function pathsTo(root: string, at: string): string[] {
  const parts = at.split('/');
  return parts.map((_, index) => join(root, ...parts.slice(0, index + 1)));
}

/** When no process of the program is left: nothing changes any more, and no link may lead us elsewhere. */
async function copyBack(ctx: Context, host: ChrootHost, root: string, { at, kind, source }: Place): Promise<void> {
  const from = join(root, at);
  for (const path of pathsTo(root, at)) {
    const found = await lstat(path).catch(() => undefined);
    if (path === from && kind === 'file' ? !found?.isFile() : !found?.isDirectory()) return;
  }
  if (kind === 'directory')
    for (const name of await readdir(source, { encoding: 'latin1' }))
      await rm(hostPath(source, name), { recursive: true, force: true });
  await runScript(ctx, host, { text: COPY_BACK, args: [from, source], variables: {} });
  if (kind === 'file') await rm(from);
}

/** The folder in which a program starts, on the host. */
export function folderIn(root: string, facts: BaseFacts, folder: string): string {
  return join(root, resolvePath(facts, folder, { follow: true }));
}
