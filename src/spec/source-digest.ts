// flytekit's digest of source files (flytekit/tools/script_mode.py, ls_files): it stands for `source_root` in the tag.
import { createHash } from 'node:crypto';
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
  const hash = createHash('md5');
  for (const path of await namedOrFound(sources, isAbsolute(written) ? '' : `${written.replace(/\/$/, '')}/`)) {
    if (sources.files) await statSource(root, path);
    await addContent(hash, join(root, path), 'source_root');
    hash.update(path.replaceAll('/', ''));
  }
  return hash.digest('hex');
}

/** @param prefix of paths that are held against rules */
async function namedOrFound(sources: Sources, prefix: string): Promise<string[]> {
  const { files, lock } = sources;
  const root = sourceRoot(sources);
  if (!files) return listSources({ root, prefix, names: [OUTPUT_FOLDER], without: lock ? [lock] : [] });
  await requireFolder(root);
  return sortAsPython(files.map((file) => posix.normalize(file)));
}
