// The directories that ldconfig searches: ld.so.conf with what it includes, the system's own, and their glibc-hwcaps subdirectories.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Ldconfig } from './library-flags.ts';
import { systemDirectories } from './library-flags.ts';
import { readBytes } from './read-bytes.ts';

export interface LibraryDirectory {
  /** As configured; the cache states libraries below it. */
  readonly path: string;
  /** Canonical. */
  readonly real: string;
  /** Name of the glibc-hwcaps subdirectory. */
  readonly hwcaps: string | undefined;
}

const CONFIGURATION = '/etc/ld.so.conf';
/** Files that include files; Debian has one within another. */
const INCLUDE_LIMIT = 16;

/** Each real directory once, by the name that came first. */
export function findDirectories(tree: WritableTree, ldconfig: Ldconfig): LibraryDirectory[] {
  const found = new Map<string, LibraryDirectory>();
  for (const path of [...readConfiguration(tree, CONFIGURATION, 0), ...systemDirectories(ldconfig)]) {
    const real = tree.resolve(path);
    if (found.has(real) || tree.get(path)?.type !== 'directory') continue;
    found.set(real, { path, real, hwcaps: undefined });
    for (const variant of findVariants(tree, path)) if (!found.has(variant.real)) found.set(variant.real, variant);
  }
  return [...found.values()];
}

function findVariants(tree: WritableTree, path: string): LibraryDirectory[] {
  const parent = `${path}/glibc-hwcaps`;
  if (tree.get(parent)?.type !== 'directory') return [];
  return tree
    .list(parent)
    .filter(
      (name) => !name.startsWith('.') && !name.includes(':') && tree.get(`${parent}/${name}`)?.type === 'directory',
    )
    .map((name) => ({ path: `${parent}/${name}`, real: tree.resolve(`${parent}/${name}`), hwcaps: name }));
}

/** Directories in their order (ldconfig(8), FILES). A file that is not there has none. */
function readConfiguration(tree: WritableTree, file: string, depth: number): string[] {
  if (depth > INCLUDE_LIMIT) throw new NotInterpretable(`${file} is included more than ${INCLUDE_LIMIT} deep`);
  if (tree.get(file)?.type !== 'file') return [];
  const lines = new TextDecoder().decode(readBytes(tree, file)).split('\n');
  return lines.flatMap((text) => {
    const line = text.replace(/#.*/s, '').replace(/^\s+/, '');
    const include = /^include[ \t](.*)$/s.exec(line)?.[1];
    if (include !== undefined) return readIncluded(tree, file, include, depth);
    if (/^hwcap[ \t]/i.test(line)) return [];
    const path = line.trimEnd().replace(/\/+$/, '');
    if (path === '') return [];
    if (!path.startsWith('/') || path.includes('=')) throw new NotInterpretable(`the line ${line} in ${file}`);
    return [path];
  });
}

function readIncluded(tree: WritableTree, file: string, patterns: string, depth: number): string[] {
  const folder = file.slice(0, file.lastIndexOf('/'));
  return patterns
    .split(/[ \t]/)
    .filter((pattern) => pattern !== '')
    .flatMap((pattern) => expand(tree, pattern.startsWith('/') ? pattern : `${folder}/${pattern}`))
    .flatMap((included) => readConfiguration(tree, included, depth + 1));
}

/** glob(3) with `*` and `?`, in the order of the C locale. */
function expand(tree: WritableTree, pattern: string): string[] {
  if (/[[\\]/.test(pattern)) throw new NotInterpretable(`the pattern ${pattern} in ${CONFIGURATION}`);
  let paths = [''];
  for (const part of pattern.split('/').filter((part) => part !== '')) {
    paths = paths.flatMap((path) => {
      if (!/[*?]/.test(part)) return [`${path}/${part}`];
      if (tree.get(path)?.type !== 'directory') return [];
      const matches = matcherOf(part);
      return tree.list(path).flatMap((name) => (matches.test(name) ? [`${path}/${name}`] : []));
    });
  }
  return paths.filter((path) => tree.get(path, false));
}

function matcherOf(part: string): RegExp {
  const source = part
    .replace(/[.+^${}()|\]]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${part.startsWith('.') ? '' : String.raw`(?!\.)`}${source}$`, 's');
}
