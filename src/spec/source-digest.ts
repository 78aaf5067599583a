// flytekit's digest of source files (flytekit/tools/script_mode.py, ls_files): it stands for `source_root` in the tag.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, posix } from 'node:path';
import { statSource } from '../filesystem/host-files.ts';
import { listSources, requireFolder, sortAsPython } from '../filesystem/source-files.ts';
import { addContent } from './copy-digest.ts';
import { OUTPUT_FOLDER } from './own-files.ts';

export interface Sources {
  /** As the spec writes it. */
  readonly root: string;
  /** Absolute; where a relative root starts. */
  readonly directory: string;
  /** Relative to the root; undefined for all that no rule leaves out. */
  readonly files: readonly string[] | undefined;
  /** Absolute path of the lock beside the spec. */
  readonly lock: string | undefined;
}

/** Absolute. */
export function sourceRoot({ root, directory }: Pick<Sources, 'root' | 'directory'>): string {
  return isAbsolute(root) ? root : join(directory, root);
}

/** The sources of an image, relative to their root, each once. Throws `COPY_NOT_FOUND`, `COPY_INVALID`. */
export async function sourcePaths(sources: Sources): Promise<string[]> {
  return [...new Set(await namedOrFound(sources, ''))];
}

/**
 * MD5, in hex, of every file's content followed by its relative path without separators. Files named twice count twice. Of a relative root,
 * flytekit holds rules against paths that begin with the root as it is written, so that few of them match: files that the image leaves out
 * count then. What a build leaves, which flytekit knows nothing of, never counts.
 * Throws `COPY_NOT_FOUND`, `COPY_INVALID`.
 */
export async function sourceDigest(sources: Sources): Promise<string> {
  const { root: written } = sources;
  const root = sourceRoot(sources);
  const paths = await namedOrFound(sources, isAbsolute(written) ? '' : `${written.replace(/\/$/, '')}/`);
  const hash = createHash('md5');
  for (let at = 0; at < paths.length; at += FILES_AHEAD) {
    const some = paths.slice(at, at + FILES_AHEAD);
    const contents = await Promise.all(some.map((path) => smallContent(root, path)));
    for (const [i, path] of some.entries()) {
      const content = contents[i];
      if (content) hash.update(content);
      else await addContent(hash, join(root, path), 'source_root');
      hash.update(path.replaceAll('/', ''));
    }
  }
  return hash.digest('hex');
}

/** Opening thousands of files one after the other takes longer than reading them. */
const FILES_AHEAD = 32;
const SMALL_BYTES = 128 << 10;

/** undefined for a file that is not small, or cannot be read. */
async function smallContent(root: string, path: string): Promise<Uint8Array | undefined> {
  const { size } = await statSource(root, path);
  return size > SMALL_BYTES ? undefined : readFile(join(root, path)).catch(() => undefined);
}

/** @param prefix of paths that are held against rules */
async function namedOrFound(sources: Sources, prefix: string): Promise<string[]> {
  const { files, lock } = sources;
  const root = sourceRoot(sources);
  if (!files) return listSources({ root, prefix, names: [OUTPUT_FOLDER], without: lock });
  await requireFolder(root);
  return sortAsPython(files.map((file) => posix.normalize(file)));
}
