// Nothing half-written keeps its final name: bytes go to a private name and are renamed; what the disk refuses becomes our error.
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Context } from '../core/context.ts';
import { abortedError } from '../core/context.ts';
import { ImageSpecError, messageOf, systemCode } from '../core/error.ts';

/** Read at once from a file: large enough that hashing and sending, not the calls, decide the speed. */
const READ_BYTES = 1 << 20;

/** How a place on disk speaks of itself when it cannot be written. */
export interface Place {
  /** For messages: `oci:./out`, `the cache /home/…`. */
  readonly name: string;
  readonly code: 'CACHE_UNWRITABLE' | 'OUTPUT_UNWRITABLE';
  /** The next thing to try when permission is missing, and when space is. */
  readonly hint: { readonly unwritable: string; readonly full: string };
}

/** Where users want results: layouts and archives. */
export function outputPlace(name: string): Place {
  const unwritable = 'Check that the folder exists and may be written, or choose another output.';
  return { name, code: 'OUTPUT_UNWRITABLE', hint: { unwritable, full: 'Free some space, or choose another output.' } };
}

/** Runs work that writes; errors of the system come out as `DISK_FULL` or the code of the place, all others unchanged. */
export async function writing<T>(place: Place, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw writeError(place, error);
  }
}

/** For people, in place of names of system calls and of our temporary files. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied (EACCES)',
  EPERM: 'permission is denied (EPERM)',
  EROFS: 'the file system is read-only (EROFS)',
  EISDIR: 'there is a folder of this name (EISDIR)',
  ENOTDIR: 'a part of its path is a file (ENOTDIR)',
};

export function writeError(place: Place, cause: unknown): unknown {
  if (!isSystemError(cause)) return cause;
  const code = systemCode(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ImageSpecError('DISK_FULL', `${place.name} cannot be written: no space is left`, {
      hint: place.hint.full,
      cause,
    });
  }
  return new ImageSpecError(place.code, `${place.name} cannot be written: ${REASONS[code ?? ''] ?? messageOf(cause)}`, {
    hint: place.hint.unwritable,
    cause,
  });
}

/**
 * Makes the folder with all its parents. Node's own way never ends below a file system that answers "no such file" to new folders, as
 * /proc does: here a folder is tried again once its parent is there, and no more.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeOne(folder);
  } catch (error) {
    const parent = dirname(folder);
    if (systemCode(error) !== 'ENOENT' || parent === folder) throw error;
    await makeFolder(parent);
    await makeOne(folder);
  }
}

async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const isThere = systemCode(error) === 'EEXIST' && (await stat(folder)).isDirectory();
    if (!isThere) throw error;
  }
}

/** Writes `temporary`, which must not exist, and renames it to `file`; folders are made. A failure leaves neither behind. */
export async function writeWhole(
  ctx: Context,
  bytes: AsyncIterable<Uint8Array> | Uint8Array,
  temporary: string,
  file: string,
): Promise<void> {
  await makeFolder(dirname(temporary));
  try {
    await writeFile(temporary, bytes, { flag: 'wx', mode: 0o644, signal: ctx.signal });
    await makeFolder(dirname(file));
    await rename(temporary, file);
  } catch (error) {
    // Whatever stands in the way of removing it, the first failure is the one to tell.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw systemCode(error) === 'ABORT_ERR' ? abortedError(ctx.signal.reason) : error;
  }
}

/** Bytes of a file, or of a range of it; released when the reader leaves early. Throws as `readError` says. */
export async function* readRange(file: string, offset = 0, size?: number): AsyncGenerator<Uint8Array, void, undefined> {
  if (size === 0) return;
  const range = size === undefined ? { start: offset } : { start: offset, end: offset + size - 1 };
  try {
    yield* createReadStream(file, { ...range, highWaterMark: READ_BYTES }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw readError(file, error);
  }
}

/** `NOT_FOUND` for a file that is not there, `ARCHIVE_INVALID` for one that the system does not let us read; other errors unchanged. */
export function readError(file: string, cause: unknown): unknown {
  if (!isSystemError(cause)) return cause;
  const absent = systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR';
  if (absent) return new ImageSpecError('NOT_FOUND', `There is no file ${file}`, { hint: 'Check the path.', cause });
  return new ImageSpecError('ARCHIVE_INVALID', `${file} cannot be read: ${messageOf(cause)}`, {
    hint: 'Check its permissions and those of its folder.',
    cause,
  });
}

/** Errors of the operating system, not those of Node about wrong arguments (`ERR_…`) or aborts. */
function isSystemError(error: unknown): boolean {
  return /^E[A-Z0-9]+$/.test(systemCode(error) ?? '');
}
