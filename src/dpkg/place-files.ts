// The first half of what dpkg does with a package: its files into the staged filesystem, over those of an older version, and nobody else's.
import { createHash } from 'node:crypto';
import { ImageSpecError } from '../core/error.ts';
import type { DirectoryEntry, FileEntry, HardlinkEntry, SymlinkEntry } from '../filesystem/entry.ts';
import { FileError } from '../filesystem/writable-tree.ts';
import type { TreeNode, WritableTree } from '../filesystem/writable-tree.ts';
import type { InstalledPackage } from '../maintscript/dpkg-state.ts';
import type { PathFilter } from './path-filter.ts';
import type { DpkgDatabase } from './database.ts';
import { isUnreadable, keyOf } from './database.ts';
import type { OpenedDeb } from '../deb/opened-deb.ts';
import type { PackageVersion } from '../deb/package.ts';
import { satisfies } from '../deb/version.ts';

export interface Placing {
  readonly tree: WritableTree;
  readonly database: DpkgDatabase;
  readonly deb: OpenedDeb;
  /** Replaces and the like of the package. */
  readonly about: PackageVersion;
  /** The older version that is installed. */
  readonly before: InstalledPackage | undefined;
  readonly filter: PathFilter;
  /** Things to know that are not failures. */
  readonly warn: (text: string) => void;
}

export interface Placed {
  /** Absolute paths as the package has them, for its list. */
  readonly paths: readonly string[];
  /** What the package brought, by canonical path: as long as the node is still there, it is the package's own. */
  readonly brought: ReadonlyMap<string, TreeNode>;
  /** md5 in hex by absolute path. */
  readonly conffiles: ReadonlyMap<string, string>;
}

type DebEntry = FileEntry | DirectoryEntry | SymlinkEntry | HardlinkEntry;

/** Throws `PACKAGES_CONFLICT` when a file belongs to another package that is not replaced, or a directory is in the way. */
export function placeFiles(work: Placing): Placed {
  const { deb, before } = work;
  const brought = new Map<string, TreeNode>();
  const conffiles = conffilesOf(deb);
  const old = new Set(before ? work.database.filesOf(keyOf(before)) : []);
  for (const entry of deb.entries) {
    if (work.filter(`/${entry.path}`, entry.type)) continue;
    const at = placeEntry(work, entry, conffiles);
    const node = at === undefined ? undefined : work.tree.get(at, false);
    if (at !== undefined && node) brought.set(work.tree.resolve(at, false), node);
  }
  const paths = deb.entries.map((entry) => `/${entry.path}`);
  const now = new Set(paths);
  removeOld(
    work,
    [...old].filter((path) => !now.has(path)),
  );
  return { paths, brought, conffiles };
}

/** Where the entry was put; undefined when what was there stays. */
function placeEntry(work: Placing, entry: DebEntry, conffiles: ReadonlyMap<string, string>): string | undefined {
  const { tree } = work;
  const path = `/${entry.path}`;
  if (entry.type === 'directory') {
    // What is a directory already, through a symlink too, stays as it is.
    if (tree.get(path)?.type === 'directory') return undefined;
    return put(work, entry, path);
  }
  takeOver(work, path);
  const at = divertedPath(work, path);
  const md5 = conffiles.get(path);
  const fate = md5 === undefined ? 'take' : fateOfConffile(work, at, path, md5);
  return fate === 'keep' ? undefined : put(work, entry, fate === 'beside' ? `${at}.dpkg-dist` : at);
}

function put(work: Placing, entry: DebEntry, at: string): string {
  const { tree, deb, database } = work;
  try {
    tree.makeDirectories(at.slice(0, at.lastIndexOf('/')));
    tree.place({ ...entry, ...ownerOf(work, entry), path: at });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new ImageSpecError('PACKAGES_CONFLICT', `${deb.name} cannot put ${at} there: ${error.message}`, {
      hint: 'Something else is in its place, in the base image or from another package: leave one of them out.',
      facts: { package: deb.name, path: at },
    });
  }
  const override = database.overrides.find((one) => one.path === `/${entry.path}`);
  if (override) {
    const [uid, gid] = [idOf(tree, 'passwd', override.owner) ?? 0, idOf(tree, 'group', override.group) ?? 0];
    tree.setAttributes(at, { mode: override.mode, uid, gid }, false);
  }
  return at;
}

/**
 * Names of owners mean whom the target knows by them, as for dpkg. Times of directories say when a package was made, and nothing of what is in
 * them: without them, packages that share a directory can share layers.
 */
function ownerOf(
  { tree, deb }: Placing,
  { path, type, uid, gid, mtime }: DebEntry,
): Pick<DebEntry, 'uid' | 'gid' | 'mtime'> {
  const names = deb.owners?.get(path);
  return {
    uid: (names && idOf(tree, 'passwd', names.user)) ?? uid,
    gid: (names && idOf(tree, 'group', names.group)) ?? gid,
    mtime: type === 'directory' ? 0 : mtime,
  };
}

/** The number of a name in /etc/passwd or /etc/group; `#5` is a number already (dpkg-statoverride(1)). */
function idOf(tree: WritableTree, file: 'passwd' | 'group', name: string): number | undefined {
  if (/^#\d+$/.test(name)) return Number(name.slice(1));
  const lines = tree.get(`etc/${file}`) ? tree.readText(`etc/${file}`).split('\n') : [];
  const id = name === '' ? undefined : lines.find((one) => one.startsWith(`${name}:`))?.split(':')[2];
  return id === undefined ? undefined : Number(id);
}

function divertedPath({ database, deb }: Placing, path: string): string {
  const diversion = database.diversions.find(({ from, by }) => from === path && by !== deb.name);
  return diversion?.to ?? path;
}

/** A file of another package may only be taken where it is replaced (policy 7.6.1), or both are one package of two architectures. */
function takeOver({ database, deb, about }: Placing, path: string): void {
  for (const key of database.ownersOf(path)) {
    const other = database.find(key);
    if (!other || other.name === deb.name || other.state === 'config-files') continue;
    if (database.diversions.some(({ from, by }) => from === path && (by === other.name || by === deb.name))) continue;
    const isReplaced = about.replaces.some(
      ({ name, operator, version = '' }) =>
        name === other.name && (!operator || satisfies(other.version, operator, version)),
    );
    if (!isReplaced) throw foreign(deb, path, other);
    database.setFiles(
      other,
      database.filesOf(key).filter((one) => one !== path),
    );
  }
}

function foreign(deb: OpenedDeb, path: string, other: InstalledPackage): ImageSpecError {
  const message = `${deb.name} ${deb.version} wants to overwrite ${path}, which is in ${other.name} ${other.version}`;
  return new ImageSpecError('PACKAGES_CONFLICT', message, {
    hint: 'The packages do not say that they may be installed together: leave one of them out, or choose other versions.',
    facts: { package: deb.name, path },
  });
}

function conffilesOf(deb: OpenedDeb): Map<string, string> {
  const text = deb.members.get('conffiles');
  const lines = text ? new TextDecoder().decode(text.bytes).split('\n') : [];
  return new Map(
    lines.flatMap((line) => {
      const [, flag, path = ''] = /^\s*(?:(remove-on-upgrade)\s+)?(\/.*?)\s*$/.exec(line) ?? [];
      const md5 = deb.md5.get(path.slice(1));
      // What is to be removed is not in the package (deb-conffiles(5)).
      if (flag !== undefined) return [[path, `newconffile ${flag}`] as const];
      return md5 === undefined ? [] : [[path, md5] as const];
    }),
  );
}

/**
 * What dpkg decides when nobody can be asked (dpkg(1), --force-confdef and --force-confold): a file that was changed, or that no package
 * brought, stays, and what is new is put beside it.
 */
function fateOfConffile(work: Placing, at: string, path: string, md5: string): 'take' | 'keep' | 'beside' {
  const { tree, before, deb, warn } = work;
  if (tree.get(at)?.type !== 'file') return 'take';
  const previous = before?.conffiles.get(path)?.split(' ')[0];
  const current = md5Of(tree, at);
  if (current === md5 || (previous !== undefined && current === previous)) return 'take';
  if (previous === md5) return 'keep';
  warn(`${at} of the base image is kept; what ${deb.name} brings is beside it as ${at}.dpkg-dist`);
  return 'beside';
}

function md5Of(tree: WritableTree, path: string): string | undefined {
  try {
    return createHash('md5').update(tree.read(path)).digest('hex');
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/** Files of the older version that the newer one does not have; directories when nobody has them any more. Conffiles stay, as dpkg leaves them. */
function removeOld({ tree, database, before }: Placing, paths: readonly string[]): void {
  if (!before) return;
  const key = keyOf(before);
  for (const path of [...paths].sort().reverse()) {
    const shared = [...database.ownersOf(path)].some((owner) => owner !== key);
    const node = tree.get(path, false);
    if (!node || shared || before.conffiles.has(path)) continue;
    if (node.type !== 'directory') tree.remove(path);
    else if (tree.list(path).length === 0) tree.remove(path);
  }
}
