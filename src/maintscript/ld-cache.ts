// `ldconfig`: the links by which programs find shared libraries, and the cache of them, as glibc's elf/ldconfig.c makes both.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { FileError } from '../filesystem/writable-tree.ts';
import type { Program } from '../shell/program.ts';
import { NotInterpretable } from '../shell/program.ts';
import { findDirectories } from './ld-directories.ts';
import type { LibraryDirectory } from './ld-directories.ts';
import type { CacheEntry } from './ld-cache-file.ts';
import { compareEntries, compareLibraries, parseCache, printCache } from './ld-cache-file.ts';
import type { LibraryReader } from './known-libraries.ts';
import { makeLibraryReader } from './known-libraries.ts';
import type { Ldconfig } from './library-flags.ts';
import { describeLdconfig, isLegacyHwcaps, isLibraryName, isTemporary } from './library-flags.ts';

export interface LdCacheOptions {
  /** Debian's name of the image's architecture. */
  readonly architecture: string;
  /** Version of the libc-bin that is installed; without it, the one that made the cache of the base. */
  readonly libcBin?: string | undefined;
  /** Bytes of a file, fewer at its end. Throws as `tree.read` does, which is what it is without this. */
  readonly readSlice?: ((path: string, offset: number, length: number) => Uint8Array) | undefined;
}

const CACHE = '/etc/ld.so.cache';

/**
 * What `ldconfig` without arguments leaves. Nothing where there is no ldconfig, no cache and no ld.so.conf. Throws `NotInterpretable` for
 * architectures and releases of glibc that are not known, and for configurations that nobody has read.
 */
export function writeLdCache(tree: WritableTree, options: LdCacheOptions): void {
  if (![CACHE, '/sbin/ldconfig', '/etc/ld.so.conf'].some((path) => tree.get(path))) return;
  const old = readCache(tree);
  const ldconfig = describeLdconfig(options.architecture, generatorOf(old?.generator ?? '', options.libcBin));
  const read = makeLibraryReader(tree, ldconfig, old?.entries ?? [], slicer(tree, options));
  const directories = findDirectories(tree, ldconfig);
  const entries = directories.flatMap((directory) => searchDirectory(tree, ldconfig, directory, read));
  const names = directories.flatMap(({ hwcaps }) => (hwcaps === undefined ? [] : [hwcaps]));
  const bytes = printCache({ entries: entries.sort(compareEntries), generator: ldconfig.generator }, names);
  // ldconfig puts a new file in the place of the old one.
  if (tree.get(CACHE, false)) tree.remove(CACHE);
  tree.write(CACHE, bytes, { mode: 0o644 });
}

/** `ldconfig`, as postinst scripts and triggers call it: without arguments. */
export function makeLdconfig(options: LdCacheOptions): Program {
  return ({ argv, tree }) => {
    if (argv.length > 1) throw new NotInterpretable(argv.join(' '));
    writeLdCache(tree, options);
    return 0;
  };
}

function readCache(tree: WritableTree): ReturnType<typeof parseCache> {
  if (tree.get(CACHE)?.type !== 'file') return undefined;
  try {
    return parseCache(tree.read(CACHE));
  } catch (error) {
    if (error instanceof FileError && error.code === 'UNREADABLE') return undefined;
    throw error;
  }
}

/** `ldconfig (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36`: debian/rules.d/build.mk of glibc. */
function generatorOf(old: string, version: string | undefined): string {
  if (version === undefined) return old;
  const vendor = / \((\w+) GLIBC /.exec(old)?.[1] ?? (version.includes('ubuntu') ? 'Ubuntu' : 'Debian');
  return `ldconfig (${vendor} GLIBC ${version}) stable release version ${version.replace(/-.*/, '')}`;
}

/** The bytes of the file that is being looked at are kept: `tree.read` may have to unpack them. */
function slicer(tree: WritableTree, { readSlice }: LdCacheOptions) {
  return (path: string) => {
    if (readSlice) return (offset: number, length: number) => readSlice(path, offset, length);
    const bytes = tree.read(path);
    return (offset: number, length: number) => bytes.subarray(offset, offset + length);
  };
}

/** One library of a directory. */
interface Found {
  readonly name: string;
  readonly soname: string;
  readonly flags: number;
  readonly isaLevel: number;
  /** A link that only has the name of the library that it leads to. */
  readonly isLink: boolean;
}

function searchDirectory(
  tree: WritableTree,
  ldconfig: Ldconfig,
  { path, real, hwcaps }: LibraryDirectory,
  read: LibraryReader,
): CacheEntry[] {
  const best = new Map<string, Found>();
  for (const name of tree.list(real)) {
    const found = findLibrary(tree, ldconfig, `${real}/${name}`, hwcaps !== undefined, read);
    if (!found) continue;
    const known = best.get(found.soname);
    if (!known) best.set(found.soname, found);
    else if (isBetter(found, known)) best.set(found.soname, { ...found, flags: known.flags });
  }
  return [...best.values()].map(({ name, soname, flags, isaLevel, isLink }) => {
    if (hwcaps === undefined && !isLink) makeLink(tree, real, name, soname);
    return { soname, path: `${path}/${hwcaps === undefined ? soname : name}`, flags, isaLevel, hwcaps };
  });
}

/** Files go before links, later versions before earlier ones. */
function isBetter(found: Found, known: Found): boolean {
  return found.isLink === known.isLink ? compareLibraries(known.name, found.name) < 0 : known.isLink;
}

/** `isVariant`: in a glibc-hwcaps subdirectory, where links may have any name. */
function findLibrary(
  tree: WritableTree,
  ldconfig: Ldconfig,
  path: string,
  isVariant: boolean,
  read: LibraryReader,
): Found | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const node = tree.get(path, false);
  if (!isVariant && isLegacyHwcaps(name, ldconfig) && tree.get(path)?.type === 'directory') {
    throw new NotInterpretable(`ldconfig with the directory /${path}`);
  }
  if (node?.type !== 'file' && node?.type !== 'symlink') return undefined;
  if (!isLibraryName(name) && !(isVariant && node.type === 'symlink')) return undefined;
  if (isTemporary(name, ldconfig)) return undefined;
  if (node.type === 'symlink' && !tree.get(path)) {
    if (name.includes('.so.')) tree.remove(path);
    return undefined;
  }
  const library = read(tree.resolve(path));
  if (!library) return undefined;
  const { flags, isaLevel, soname = name } = library;
  const isLink = node.type === 'symlink' && isNameOf(name, soname);
  return { name, soname: isLink ? name : soname, flags, isaLevel, isLink };
}

/** The soname itself, or the link for the linker that begins it. Any other link counts as a file. */
function isNameOf(link: string, soname: string): boolean {
  return link === soname || (link.endsWith('.so') && soname.startsWith(link));
}

/** The link from the soname to the library, unless it is there or a file is in its place. */
function makeLink(tree: WritableTree, directory: string, name: string, soname: string): void {
  if (soname.includes('/')) return;
  const link = `${directory}/${soname}`;
  const there = tree.get(link);
  if (there && there === tree.get(`${directory}/${name}`)) return;
  const before = tree.get(link, false);
  if (before && before.type !== 'symlink') return;
  if (before) tree.remove(link);
  tree.symlink(link, name);
}
