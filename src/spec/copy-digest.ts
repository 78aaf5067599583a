// flytekit's digest of copied files (flytekit/tools/fast_registration.py, compute_digest): it stands for `copy` in the tag.
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ImageSpecError, systemCode } from '../core/error.ts';

/**
 * MD5, in hex, of every file's content followed by its relative path without separators; a folder's files come before its folders, both
 * sorted. Modes, empty folders and links to folders do not count. flytekit takes folders as the file system lists them, so its digest of a
 * folder with several sub-folders may differ from one machine to the next; ours does not.
 * @param copies files and folders, relative to `directory` (absolute)
 * @throws `COPY_NOT_FOUND`, `COPY_INVALID`
 */
export async function copyDigest(copies: readonly string[], directory: string): Promise<string> {
  const hash = createHash('md5');
  for (const copy of copies) {
    const path = join(directory, copy);
    const kind = await kindOf(path);
    if (kind === undefined) throw notFound(copy, directory);
    if (kind === 'folder') await addFolder(hash, path, '');
    else await addFile(hash, path, basename(copy), kind);
  }
  return hash.digest('hex');
}

type Kind = 'file' | 'folder' | 'socket' | 'other';

/** What a path leads to, links followed; undefined where it leads nowhere. */
async function kindOf(path: string): Promise<Kind | undefined> {
  const found = await stat(path).catch((error: unknown) => {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw unreadable(path, error);
  });
  if (!found) return undefined;
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'folder';
  return found.isSocket() ? 'socket' : 'other';
}

async function addFolder(hash: Hash, folder: string, relative: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(folder, error);
  });
  entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  for (const entry of entries.filter((one) => !one.isDirectory())) {
    const path = join(folder, entry.name);
    const kind = await kindOf(path);
    if (kind !== undefined && kind !== 'folder') await addFile(hash, path, relative + entry.name, kind);
  }
  for (const entry of entries.filter((one) => one.isDirectory())) {
    await addFolder(hash, join(folder, entry.name), relative + entry.name);
  }
}

async function addFile(hash: Hash, path: string, name: string, kind: Kind): Promise<void> {
  if (kind === 'socket') return;
  if (kind === 'other') {
    throw new ImageSpecError('COPY_INVALID', `${path} is a device or pipe, which cannot be copied into an image`, {
      hint: 'Take it out of the folder, or name the files to copy one by one under `copy`.',
    });
  }
  await addContent(hash, path, 'copy');
  hash.update(name);
}

/** Throws `COPY_INVALID` for a file, which the field names, that cannot be read. */
export async function addContent(hash: Hash, path: string, field: 'copy' | 'source_root'): Promise<void> {
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  } catch (error) {
    throw unreadable(path, error, field);
  }
}

function notFound(copy: string, directory: string): ImageSpecError {
  return new ImageSpecError('COPY_NOT_FOUND', `"${copy}", named under \`copy\`, does not exist in ${directory}`, {
    hint: 'Paths under `copy` start at the folder of the spec; check the spelling.',
    facts: { path: copy, directory },
  });
}

function unreadable(path: string, cause: unknown, field: 'copy' | 'source_root' = 'copy'): ImageSpecError {
  return new ImageSpecError('COPY_INVALID', `${path}, needed by \`${field}\`, cannot be read`, {
    hint: 'Check its permissions, or name the files to copy one by one under `copy`.',
    cause,
    facts: { path },
  });
}
