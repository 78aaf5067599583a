// Which files of a folder are a program's sources, as flytekit lists them (flytekit/tools/script_mode.py, list_all_files): all but what git,
// a `.dockerignore` and its own patterns leave out.
import type { Dirent } from 'node:fs';
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, posix, relative as pathBetween } from 'node:path';
import { readAll } from '../core/digest.ts';
import { ImageSpecError, messageOf, systemCode } from '../core/error.ts';
import type { Ignores } from './docker-ignore.ts';
import { dockerIgnore } from './docker-ignore.ts';
import { gitIgnored } from './git-ignored.ts';

export interface SourceFolder {
  /** Absolute. */
  readonly root: string;
  /** Stands in front of every path that is held against a rule: none, unless flytekit's own reading is wanted of a relative root. */
  readonly prefix: string;
  /** Names that no file or folder below the root may have, at any depth. */
  readonly names: readonly string[];
  /** An absolute path that does not count; links to its folder and to the root are seen through. */
  readonly without: string | undefined;
}

/** A tree of more files than this is a mistake (the root of a disk). */
const FILE_LIMIT = 1_000_000;
/** Hand-written rules have a few lines. */
const RULES_LIMIT_BYTES = 1 << 20;

/**
 * Paths of all source files, relative to the root, in the order of Python's strings. A link to a file counts as one; what is left out beside
 * the ignored: links to folders, links that lead nowhere, sockets, and folders named `.git`.
 * Throws `COPY_NOT_FOUND` for a root that is none, `COPY_INVALID` for what cannot be read or copied.
 */
export async function listSources(folder: SourceFolder): Promise<string[]> {
  const ignores = await readRules(folder);
  const without = await belowRoot(folder);
  const found: string[] = [];
  const walk = async (relative: string): Promise<void> => {
    for (const entry of await entriesOf(folder.root, relative, ignores)) {
      const name = entry.name.toString();
      const path = posix.join(relative, name);
      if (folder.names.includes(name) || path === without) continue;
      const isText = Buffer.from(name).equals(entry.name);
      if (entry.isDirectory()) {
        if (name === '.git' || (!isText && ignores(path))) continue;
        requireText(isText, join(folder.root, path));
        await walk(path);
        continue;
      }
      const kind = await kindOf(folder.root, path, entry);
      if (kind !== 'none' && !ignores(path)) {
        requireText(isText, join(folder.root, path));
        if (kind === 'other') throw invalid(join(folder.root, path), 'is a device or pipe');
        if (found.length >= FILE_LIMIT) throw invalid(folder.root, `has more than ${FILE_LIMIT} files`);
        found.push(path);
      }
    }
  };
  await walk('');
  return sortAsPython(found);
}

/** What does not count, relative to the root. */
async function belowRoot({ root, without }: SourceFolder): Promise<string | undefined> {
  if (without === undefined) return undefined;
  const real = (path: string): Promise<string> => realpath(path).catch(() => path);
  return pathBetween(await real(root), join(await real(dirname(without)), basename(without)));
}

/** By code points, which is the order of UTF-8, of whole paths. */
export function sortAsPython(paths: readonly string[]): string[] {
  return paths
    .map((path) => ({ path, bytes: Buffer.from(path) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ path }) => path);
}

/** Throws `COPY_NOT_FOUND` and `COPY_INVALID` unless the root is a folder. */
export async function requireFolder(root: string): Promise<void> {
  const found = await stat(root).catch((cause: unknown) => {
    const code = systemCode(cause);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw invalid(root, `cannot be read (${code})`, cause);
    throw new ImageSpecError('COPY_NOT_FOUND', `\`source_root\` names ${root}, which does not exist`, {
      hint: 'It starts at the folder of the spec, or is an absolute path; check the spelling.',
      cause,
      facts: { path: root },
    });
  });
  if (found.isDirectory()) return;
  throw new ImageSpecError('COPY_INVALID', `\`source_root\` names ${root}, which is no folder`, {
    hint: 'Name the folder that it lies in, or copy a single file with `copy`.',
    facts: { path: root },
  });
}

async function readRules({ root, prefix }: SourceFolder): Promise<Ignores> {
  await requireFolder(root);
  const [git, docker] = await Promise.all([gitIgnored(root), readDockerIgnore(join(root, '.dockerignore'))]);
  return (path) => {
    const shown = prefix + path;
    return git.has(prefix === '' ? path : clean(shown)) || docker(shown) || isStandard(shown);
  };
}

/** As Python's pathlib prints a path. */
const clean = (path: string): string =>
  path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .join('/');

/** flytekit's standard patterns: *.pyc, .cache, .cache/*, __pycache__/*, **\/__pycache__/*, by Python's fnmatch, whose * matches slashes. */
function isStandard(path: string): boolean {
  if (path.endsWith('.pyc') || path === '.cache') return true;
  return path.startsWith('.cache/') || path.startsWith('__pycache__/') || path.includes('/__pycache__/');
}

async function readDockerIgnore(file: string): Promise<Ignores> {
  const isFile = await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return dockerIgnore('', file);
  try {
    const bytes = await readAll(createReadStream(file), RULES_LIMIT_BYTES, file);
    return dockerIgnore(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), file);
  } catch (cause) {
    if (cause instanceof ImageSpecError) throw cause;
    throw invalid(file, `cannot be read: ${messageOf(cause)}`, cause);
  }
}

async function entriesOf(root: string, relative: string, ignores: Ignores): Promise<Dirent<Buffer>[]> {
  const folder = join(root, relative);
  try {
    return await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
  } catch (cause) {
    // flytekit passes over what it may not read; here that must be meant.
    if (relative !== '' && ignores(relative)) return [];
    throw invalid(folder, `cannot be read (${systemCode(cause)})`, cause);
  }
}

async function kindOf(root: string, path: string, entry: Dirent<Buffer>): Promise<'file' | 'other' | 'none'> {
  if (entry.isFile()) return 'file';
  if (entry.isSocket()) return 'none';
  if (!entry.isSymbolicLink()) return 'other';
  const folder = Buffer.from(`${join(root, posix.dirname(path))}/`);
  const found = await stat(Buffer.concat([folder, entry.name])).catch(() => undefined);
  if (found === undefined || found.isDirectory() || found.isSocket()) return 'none';
  return found.isFile() ? 'file' : 'other';
}

function requireText(isText: boolean, path: string): void {
  if (!isText) throw invalid(path, 'has a name that is not UTF-8');
}

function invalid(path: string, why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('COPY_INVALID', `${path}, needed by \`source_root\`, ${why}`, {
    hint: 'Take it out of the folder, leave it out by a line in `.dockerignore`, or check its permissions.',
    cause,
    facts: { path },
  });
}
