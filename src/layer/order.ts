// Entries in canonical order, as the tar will hold them: no path twice, no file above another entry, links behind their file.
import { ImageSpecError } from '../core/error.ts';
import type { Entry, FileContent, FileEntry, HardlinkEntry } from '../filesystem/entry.ts';
import { sizeOf, sortByPath } from '../filesystem/entry.ts';
import { checkEntry, invalid } from './check-entry.ts';
import type { TarHeader } from './tar.ts';

export interface TarMember {
  /** Path of the entry, for messages. */
  readonly path: string;
  readonly header: TarHeader;
  readonly content?: FileContent;
}

/**
 * Sorts by `sortByPath`, the whiteouts of a directory before its other entries (image-spec, layer.md, Whiteouts).
 * Throws `ENTRY_INVALID` or `PATH_CONFLICT`.
 */
export function orderEntries(entries: readonly Entry[]): TarMember[] {
  for (const entry of entries) checkEntry(entry);
  const sorted = sortByPath(entries, placeOf);
  refuseConflicts(sorted);
  return toMembers(sorted);
}

/** A whiteout's \x01 is below every other name. */
function placeOf({ type, path }: Entry): string {
  return type === 'whiteout' ? path.replace(/[^/]*$/, '\x01$&') : path;
}

/** What lies below a path follows it at once in the order, so neighbours tell; whiteouts stand apart and are looked up. */
function refuseConflicts(sorted: readonly Entry[]): void {
  const hidden = new Set(sorted.flatMap((entry) => (entry.type === 'whiteout' ? entry.path : [])));
  let above: Entry | undefined;
  for (const entry of sorted) {
    const isWhiteout = entry.type === 'whiteout';
    if (entry.path === above?.path && isWhiteout === (above.type === 'whiteout'))
      throw conflict(entry.path, 'stands twice in one layer');
    if (above && above.type !== 'directory' && above.type !== 'whiteout' && entry.path.startsWith(`${above.path}/`))
      throw conflict(entry.path, `lies below ${JSON.stringify(above.path)}, a ${above.type} of the same layer`);
    if (hidden.size > 0 && parentsOf(entry.path).some((path) => hidden.has(path)))
      throw conflict(entry.path, 'lies in a directory that a whiteout of the same layer hides');
    if (!isWhiteout && hidden.has(entry.path)) throw conflict(entry.path, 'is hidden by a whiteout of the same layer');
    above = entry;
  }
}

function parentsOf(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

/** Of a file and its hard links the first in order gets the content, the others link to it; all have the file's attributes, as one inode does. */
function toMembers(sorted: readonly Entry[]): TarMember[] {
  const files = new Map(sorted.flatMap((entry) => (entry.type === 'file' ? [[entry.path, entry] as const] : [])));
  const firstNames = new Map<FileEntry, string>();
  return sorted.map((entry) => {
    if (entry.type !== 'file' && entry.type !== 'hardlink') return plainMember(entry);
    const file = files.get(targetOf(entry));
    if (!file)
      throw invalid(
        entry.path,
        `it is a hard link to ${JSON.stringify(targetOf(entry))}, which is no file of the same layer`,
      );
    const first = firstNames.get(file);
    if (first !== undefined) return { path: entry.path, header: headerOf(file, 'hardlink', entry.path, first) };
    firstNames.set(file, entry.path);
    const header = headerOf(file, 'file', entry.path, '', sizeOf(file.content));
    return { path: entry.path, header, content: file.content };
  });
}

function targetOf(entry: FileEntry | HardlinkEntry): string {
  return entry.type === 'file' ? entry.path : entry.target;
}

const NO_ATTRIBUTES = { mode: 0o644, uid: 0, gid: 0, mtime: 0 };

function plainMember(entry: Exclude<Entry, { type: 'file' | 'hardlink' }>): TarMember {
  const { path, type } = entry;
  if (type === 'whiteout') return { path, header: headerOf(NO_ATTRIBUTES, 'file', path.replace(/[^/]*$/, '.wh.$&')) };
  if (type === 'directory') return { path, header: headerOf(entry, 'directory', `${path}/`) };
  return { path, header: headerOf(entry, 'symlink', path, entry.target) };
}

function headerOf(
  { mode, uid, gid, mtime, xattrs }: Pick<TarHeader, 'mode' | 'uid' | 'gid' | 'mtime' | 'xattrs'>,
  type: TarHeader['type'],
  name: string,
  linkName = '',
  size = 0,
): TarHeader {
  return { name, type, mode, uid, gid, mtime, size, linkName, xattrs };
}

function conflict(path: string, why: string): ImageSpecError {
  return new ImageSpecError('PATH_CONFLICT', `${JSON.stringify(path)} ${why}`, {
    hint: 'Two sources bring the same path: leave one of them out, or let one of them replace the other.',
    facts: { path },
  });
}
