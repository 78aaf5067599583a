// The staged filesystem: entries of several origins laid over a base, so that nothing of it is broken and no two origins disagree.
import { ImageSpecError } from '../core/error.ts';
import type { DirectoryEntry, Entry, FileContent } from './entry.ts';
import { directory, sizeOf, sortByPath } from './entry.ts';
import type { BaseEntry, BaseFacts } from './facts.ts';
import { resolveWith } from './resolve.ts';

export interface Tree {
  /**
   * Lays entries down. Their paths may lead through symlinks of the base or of earlier entries. Throws `PATH_CONFLICT` when another origin
   * or the base has something else there, naming path and origins.
   */
  readonly add: (entries: readonly Entry[], origin: string) => void;
  /**
   * The entries of some origins with the parents they need, sorted: a layer that stands by itself. Parents of the base are left out where
   * a runtime would make them up equal (0755, root), and else repeated as the base has them; parents that nobody has are ours, 0755 root.
   */
  readonly layerEntries: (origins: readonly string[]) => readonly Entry[];
}

interface Staged {
  readonly entry: Entry;
  readonly origin: string;
}

export function createTree(facts: BaseFacts): Tree {
  const staged = new Map<string, Staged>();
  const byOrigin = new Map<string, Entry[]>();
  const readLink = (path: string): string | undefined => {
    const own = staged.get(path)?.entry;
    if (own) return own.type === 'symlink' ? own.target : undefined;
    const base = facts.entries.get(path);
    return base?.type === 'symlink' ? base.target : undefined;
  };
  const canonical = createCanonical(readLink);
  const add = (entries: readonly Entry[], origin: string): void => {
    const own = byOrigin.get(origin) ?? [];
    byOrigin.set(origin, own);
    for (const entry of entries) {
      const path = canonical(entry.path, entry.type === 'directory');
      const at = placed(entry, path, canonical);
      const before = staged.get(path);
      if (before) refuseOther(before, at, origin);
      else refuseOverBase(at, facts.entries.get(path), origin);
      if (before) continue;
      staged.set(path, { entry: at, origin });
      own.push(at);
      if (entry.type === 'symlink') canonical.forget();
    }
  };
  const layerEntries = (origins: readonly string[]): readonly Entry[] => {
    const result = new Map<string, Entry>();
    for (const entry of origins.flatMap((origin) => byOrigin.get(origin) ?? [])) {
      result.set(entry.path, entry);
      addParents(entry.path, result, staged, facts);
    }
    return sortByPath([...result.values()], ({ path }) => path);
  };
  return { add, layerEntries };
}

function placed(entry: Entry, path: string, canonical: Canonical): Entry {
  if (entry.type === 'hardlink') return { ...entry, path, target: canonical(entry.target, false) };
  return entry.path === path ? entry : { ...entry, path };
}

interface Canonical {
  (path: string, follow: boolean): string;
  /** After a new symlink. */
  readonly forget: () => void;
}

/** Thousands of files share a few parents: each parent is resolved once. */
function createCanonical(readLink: (path: string) => string | undefined): Canonical {
  const parents = new Map<string, string>();
  const canonical = (path: string, follow: boolean): string => {
    if (follow) return resolveWith(readLink, path, true);
    const slash = path.lastIndexOf('/');
    if (slash < 0) return path;
    const parent = path.slice(0, slash);
    let resolved = parents.get(parent);
    if (resolved === undefined) parents.set(parent, (resolved = resolveWith(readLink, parent, true)));
    const name = path.slice(slash + 1);
    return resolved === '' ? name : `${resolved}/${name}`;
  };
  return Object.assign(canonical, { forget: () => parents.clear() });
}

function refuseOther({ entry, origin: first }: Staged, other: Entry, origin: string): void {
  if (first === origin && entry.type === 'directory' && other.type === 'directory') return;
  if (sameEntry(entry, other)) return;
  throw conflict(other.path, `${first} and ${origin} both want it, with different content`);
}

function refuseOverBase(entry: Entry, base: BaseEntry | undefined, origin: string): void {
  if (!base || entry.type === 'whiteout' || (entry.type === 'directory') === (base.type === 'directory')) return;
  if (base.type !== 'directory' && entry.type !== 'directory') return;
  throw conflict(entry.path, `${origin} wants a ${entry.type} where the base image has a ${base.type}`);
}

function conflict(path: string, why: string): ImageSpecError {
  return new ImageSpecError('PATH_CONFLICT', `/${path} cannot be made: ${why}`, {
    hint: 'Leave one of them out, choose other versions, or another base image.',
    facts: { path: `/${path}` },
  });
}

function sameEntry(a: Entry, b: Entry): boolean {
  if (a.type === 'whiteout' || b.type === 'whiteout') return a.type === b.type;
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid) return false;
  if (a.type === 'file' && b.type === 'file') return sameContent(a.content, b.content);
  if (a.type === 'symlink' && b.type === 'symlink') return a.target === b.target;
  if (a.type === 'hardlink' && b.type === 'hardlink') return a.target === b.target;
  return a.type === 'directory' && b.type === 'directory';
}

function sameContent(a: FileContent, b: FileContent): boolean {
  if (a.kind === 'inline' && b.kind === 'inline') return Buffer.compare(a.bytes, b.bytes) === 0;
  if (a.kind !== 'range' || b.kind !== 'range') return false;
  if (a.file === b.file && a.offset === b.offset && a.length === b.length) return true;
  return sizeOf(a) === sizeOf(b) && a.crc32 !== undefined && a.crc32 === b.crc32;
}

function addParents(
  path: string,
  result: Map<string, Entry>,
  staged: ReadonlyMap<string, Staged>,
  facts: BaseFacts,
): void {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const parent = path.slice(0, slash);
    if (result.has(parent)) return;
    const own = staged.get(parent);
    const base = facts.entries.get(parent);
    if (own && own.entry.type !== 'directory')
      throw conflict(parent, `${own.origin} wants it to be a ${own.entry.type}`);
    if (!own && base && base.type !== 'directory') throw conflict(parent, `the base image has a ${base.type} there`);
    if (own) result.set(parent, own.entry);
    else if (!base) result.set(parent, directory(parent));
    else if (!isPlain(base)) result.set(parent, asBaseHasIt(parent, base));
  }
}

/** What every runtime makes up for a parent that a layer does not state. */
const isPlain = ({ mode, uid, gid, xattrs }: BaseEntry): boolean =>
  mode === 0o755 && uid === 0 && gid === 0 && xattrs === undefined;

function asBaseHasIt(path: string, { mode, uid, gid, mtime, xattrs }: BaseEntry): DirectoryEntry {
  return directory(path, { mode, uid, gid, mtime, ...(xattrs && { xattrs }) });
}
