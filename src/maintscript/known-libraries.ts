// What the libraries of a staged filesystem are: read where their bytes are there, and learned from the cache of the base where they are not.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { FileError, nodeSize } from '../filesystem/writable-tree.ts';
import type { Slice } from './elf-library.ts';
import { readElfLibrary } from './elf-library.ts';
import type { CacheEntry } from './ld-cache-file.ts';
import type { Ldconfig } from './library-flags.ts';
import { flagsOf, isLibraryName, likelyFlags } from './library-flags.ts';

interface Library {
  /** Undefined when it states none: each of its names is one. */
  readonly soname: string | undefined;
  readonly flags: number;
  readonly isaLevel: number;
}

/** The library at a canonical path, or undefined where ldconfig sees none. */
export type LibraryReader = (path: string) => Library | undefined;

/** Smaller files that bear a library's name are scripts for the linker (`libc.so`): GNU ld makes no shared object of less. */
const SMALLEST_LIBRARY_BYTES = 2048;

/** `sliceOf` throws the tree's `FileError` with `UNREADABLE` for bytes that nobody has. */
export function makeLibraryReader(
  tree: WritableTree,
  ldconfig: Ldconfig,
  old: readonly CacheEntry[],
  sliceOf: (path: string) => Slice,
): LibraryReader {
  const cached = groupByFile(tree, old);
  const searched = new Set(old.map(({ path }) => parentOf(tree.resolve(path, false))));
  const look = (path: string): Library | undefined => {
    const node = tree.get(path, false);
    if (node?.type !== 'file' || nodeSize(node) === 0) return undefined;
    try {
      const library = readElfLibrary(sliceOf(path));
      const flags = library && flagsOf(library, ldconfig);
      return library && flags !== undefined ? { ...library, flags } : undefined;
    } catch (error) {
      if (!(error instanceof FileError && error.code === 'UNREADABLE')) throw error;
    }
    const entries = cached.get(path);
    if (entries) return fromCache(entries, nameOf(path));
    return searched.has(parentOf(path)) ? undefined : guess(tree, path, nodeSize(node), ldconfig);
  };
  // Several links lead to one file, which may be large to unpack.
  const seen = new Map<string, Library | undefined>();
  return (path) => {
    if (!seen.has(path)) seen.set(path, look(path));
    return seen.get(path);
  };
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function groupByFile(tree: WritableTree, old: readonly CacheEntry[]): Map<string, CacheEntry[]> {
  const files = new Map<string, CacheEntry[]>();
  for (const entry of old) {
    const file = tree.resolve(entry.path);
    const known = files.get(file);
    if (known) known.push(entry);
    else files.set(file, [entry]);
  }
  return files;
}

/**
 * A file is in the cache by its soname and by links for the linker (`libz.so`, that begins the soname). One that states no soname is there by
 * its own name and by those of all links to it.
 */
function fromCache(entries: readonly CacheEntry[], own: string): Library {
  const names = [...new Set(entries.map(({ soname }) => soname))];
  const [soname, ...more] = names.filter(
    (name) => !(name.endsWith('.so') && names.some((other) => other !== name && other.startsWith(name))),
  );
  const [{ flags, isaLevel }] = entries as [CacheEntry];
  const hasNone = more.length > 0 || (names.includes(own) && soname !== own);
  return { flags, isaLevel, soname: hasNone ? undefined : soname };
}

/**
 * For directories that no cache tells of: the name of a link beside it, as packages ship them (`libz.so.1` to `libz.so.1.2.13`); of several the
 * longest that begins the file's name (`libbz2.so.1.0` beside `libbz2.so.1`).
 */
function guess(tree: WritableTree, path: string, size: number, ldconfig: Ldconfig): Library | undefined {
  if (!isLibraryName(nameOf(path)) || size < SMALLEST_LIBRARY_BYTES) return undefined;
  const parent = parentOf(path);
  const [soname] = tree
    .list(parent)
    .filter((name) => isLibraryName(name) && !name.endsWith('.so'))
    .filter(
      (name) => tree.get(`${parent}/${name}`, false)?.type === 'symlink' && tree.resolve(`${parent}/${name}`) === path,
    )
    .sort((a, b) => Number(nameOf(path).startsWith(b)) - Number(nameOf(path).startsWith(a)) || b.length - a.length);
  return { flags: likelyFlags(path, ldconfig), isaLevel: 0, soname: soname ?? nameOf(path) };
}
