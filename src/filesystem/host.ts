// Files of the host for an image: a folder or a file as entries, the same on every machine, user and umask.
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { digestOf } from '../core/digest.ts';
import { ImageSpecError, systemCode } from '../core/error.ts';
import { canonicalJson } from '../core/json.ts';
import { mapLimited } from '../core/limit.ts';
import type { Entry, FileContent, FileEntry } from './entry.ts';
import { sortByPath } from './entry.ts';

export interface HostTreeRequest {
  /** Absolute folder that `path` starts from. */
  readonly root: string;
  /** Relative to `root`: a file or a folder. */
  readonly path: string;
  /** Path in the image for it, without leading slash. */
  readonly destination: string;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since the epoch, for all entries. */
  readonly mtime: number;
}

/** A copied tree of more files than this is a mistake (node_modules of a disk). */
const ENTRY_LIMIT = 1_000_000;
const FILES_AT_ONCE = 8;
/** Read buffers; hashing below 16 KiB at a time costs more than the hash. */
const BUFFER_BYTES = 1 << 20;

/**
 * A file or folder as entries, sorted by path. Files are 0755 where their owner may execute them, else 0644; folders 0755; symlinks stay
 * symlinks, with their targets as written; hard links become files. Throws `COPY_NOT_FOUND`, `COPY_INVALID`.
 */
export async function readHostTree(ctx: Context, request: HostTreeRequest): Promise<Entry[]> {
  const entries: Entry[] = [];
  const { uid, gid, mtime } = request;
  const visit = async (file: string, path: string): Promise<void> => {
    throwIfAborted(ctx);
    if (entries.length >= ENTRY_LIMIT) throw invalid(file, `has more than ${ENTRY_LIMIT} files`);
    const stats = await reading(file, request, () => lstat(file));
    const attributes = { path, uid, gid, mtime };
    if (stats.isDirectory()) {
      entries.push({ type: 'directory', mode: 0o755, ...attributes });
      const names = await reading(file, request, () => readdir(file, { encoding: 'buffer' }));
      for (const name of names.map((one) => textOf(one, join(file, one.toString()), 'has a name')).sort())
        await visit(join(file, name), posix.join(path, name));
    } else if (stats.isSymbolicLink()) {
      const target = await reading(file, request, () => readlink(file, { encoding: 'buffer' }));
      entries.push({ type: 'symlink', mode: 0o777, target: textOf(target, file, 'links to a name'), ...attributes });
    } else if (stats.isFile()) {
      entries.push(fileEntry(file, stats, attributes));
    } else {
      throw invalid(file, 'is neither file, folder nor symbolic link');
    }
  };
  await visit(join(request.root, request.path), request.destination);
  return sortByPath(entries, ({ path }) => path);
}

/** A file of the host with the mode that no umask decides. @param file absolute */
export function fileEntry(
  file: string,
  stats: Stats,
  attributes: Pick<FileEntry, 'path' | 'uid' | 'gid' | 'mtime'>,
): FileEntry {
  return { type: 'file', mode: stats.mode & 0o100 ? 0o755 : 0o644, content: contentOf(file, stats), ...attributes };
}

function contentOf(file: string, stats: Stats): FileContent {
  const { size, mtimeMs } = stats;
  return { kind: 'range', file, offset: 0, length: size, encoding: 'identity', size, changedMs: mtimeMs };
}

/** Linux names are bytes; an image's are UTF-8. */
function textOf(bytes: Buffer, file: string, what: string): string {
  const text = bytes.toString('utf8');
  if (Buffer.from(text).equals(bytes)) return text;
  throw invalid(file, `${what} that is not UTF-8`);
}

async function reading<T>(file: string, { root, path }: HostTreeRequest, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new ImageSpecError('COPY_NOT_FOUND', `\`copy\` names "${path}", but ${file} does not exist`, {
        hint: `Paths under \`copy\` are relative to ${root}.`,
        cause,
      });
    }
    throw invalid(file, `cannot be read (${code})`, cause);
  }
}

function invalid(file: string, why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('COPY_INVALID', `${file} cannot be copied: it ${why}`, {
    hint: 'Remove it, or name the files to copy one by one under `copy`.',
    cause,
  });
}

/** Digest of what the entries are: paths, attributes, link targets and content. */
export async function hashEntries(ctx: Context, entries: readonly Entry[]): Promise<Digest> {
  const lines = await mapLimited(ctx, entries, FILES_AT_ONCE, async (entry) => {
    if (entry.type !== 'file') return canonicalJson({ ...entry });
    const { content, ...attributes } = entry;
    return canonicalJson({ ...attributes, content: await digestOfContent(ctx, content) });
  });
  return digestOf(lines.sort().join('\n'));
}

async function digestOfContent(ctx: Context, content: FileContent): Promise<Digest> {
  if (content.kind === 'inline') return digestOf(content.bytes);
  const hash = createHash('sha256');
  const file = await open(content.file);
  try {
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(BUFFER_BYTES, content.length)));
    for (let at = 0; at < content.length;) {
      throwIfAborted(ctx);
      const wanted = Math.min(buffer.length, content.length - at);
      const { bytesRead } = await file.read(buffer, 0, wanted, content.offset + at);
      if (bytesRead === 0) throw new ImageSpecError('FILE_CHANGED', `${content.file} became shorter while it was read`);
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
  return `sha256:${hash.digest('hex')}`;
}
