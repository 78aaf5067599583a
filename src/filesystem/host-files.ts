// Chosen files of a host folder for an image: each with the folders that lead to it, the same on every machine, user and umask.
import { readlink, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Context } from '../core/context.ts';
import { ImageSpecError, systemCode } from '../core/error.ts';
import { mapLimited } from '../core/limit.ts';
import type { Entry } from './entry.ts';
import { directory, sortByPath } from './entry.ts';
import { fileEntry } from './host.ts';

export interface HostFilesRequest {
  /** Absolute folder that paths start from. */
  readonly root: string;
  /** Relative to the root, clean, each once. */
  readonly paths: readonly string[];
  /** Path in the image for the root, without leading slash. */
  readonly destination: string;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since the epoch, for all entries. */
  readonly mtime: number;
}

const FILES_AT_ONCE = 8;

/**
 * Files as entries, sorted by path: 0755 where their owner may execute them, else 0644; folders 0755. A link stays one where the image has
 * what it leads to, as it is written; else it becomes the file.
 * Throws `COPY_NOT_FOUND`, `COPY_INVALID`.
 */
export async function readHostFiles(ctx: Context, request: HostFilesRequest): Promise<Entry[]> {
  const { root, paths, destination, uid, gid, mtime } = request;
  const attributes = { uid, gid, mtime };
  const chosen = new Set(paths);
  const files = await mapLimited(ctx, paths, FILES_AT_ONCE, async (path): Promise<Entry> => {
    const file = join(root, path);
    const inImage = posix.join(destination, path);
    const target = await readlink(file).catch(() => undefined);
    if (target !== undefined && leadsTo(chosen, path, target))
      return { type: 'symlink', mode: 0o777, target, path: inImage, ...attributes };
    return fileEntry(file, await statSource(root, path), { path: inImage, ...attributes });
  });
  const folders = new Set(paths.flatMap(parentsOf));
  const entries = [...folders].map((path) => directory(posix.join(destination, path), attributes));
  return sortByPath([...entries, ...files], ({ path }) => path);
}

/** Only names and a plain way up: what a link to a folder would lead to, no path tells. */
function leadsTo(chosen: ReadonlySet<string>, path: string, target: string): boolean {
  if (
    target.startsWith('/') ||
    target
      .replace(/^(?:\.\.?\/)+/, '')
      .split('/')
      .includes('..')
  )
    return false;
  return chosen.has(posix.join(posix.dirname(path), target));
}

function parentsOf(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, i) => names.slice(0, i + 1).join('/'));
}

/** Of a source, links followed. Throws `COPY_NOT_FOUND`, and `COPY_INVALID` for what is no file. */
export async function statSource(root: string, path: string) {
  const found = await stat(join(root, path)).catch((cause: unknown) => {
    const code = systemCode(cause);
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP')
      throw invalid(path, root, `cannot be read (${code})`, cause);
    throw new ImageSpecError('COPY_NOT_FOUND', `"${path}", one of the sources, does not exist in ${root}`, {
      hint: 'Paths under `source_files` start at `source_root`; check the spelling.',
      cause,
      facts: { path, directory: root },
    });
  });
  if (found.isFile()) return found;
  throw invalid(path, root, found.isDirectory() ? 'is a folder' : 'is a device, pipe or socket');
}

function invalid(path: string, root: string, why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('COPY_INVALID', `"${path}", one of the sources in ${root}, ${why}`, {
    hint: 'Take it out of the folder, or list single files under `source_files`.',
    cause,
    facts: { path, directory: root },
  });
}
