// One path of a staged filesystem. Ownership, mode and time live in the entry, never on disk, so no root is needed.
// Entries are plain data: they can be sent to a worker thread, hashed and cached.

interface Attributes {
  /** Relative to the root of the image, no leading or trailing slash, no `.` or `..`, canonical (no base symlink in its parents). */
  readonly path: string;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since the epoch. */
  readonly mtime: number;
  /** Extended attributes by name (`security.capability`), values base64. */
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
}

/** Bytes that we made, small enough to be in memory. */
interface InlineBytes {
  readonly kind: 'inline';
  readonly bytes: Uint8Array;
}

/** A range of a file on the host. */
export interface HostRange {
  readonly kind: 'range';
  /** Absolute path on the host. */
  readonly file: string;
  readonly offset: number;
  /** Bytes in the file: compressed ones for `deflate`. */
  readonly length: number;
  /** `deflate`: a raw DEFLATE stream (RFC 1951), as zip members hold it. */
  readonly encoding: 'identity' | 'deflate';
  /** Size of the content itself, in bytes. */
  readonly size: number;
  /** CRC-32 of the content (of the zip directory), checked while packing. */
  readonly crc32?: number | undefined;
  /** Time of last change of the host file (ms, as stat gives it), so that a change between reading twice is noticed. */
  readonly changedMs?: number | undefined;
}

export type FileContent = InlineBytes | HostRange;

export interface FileEntry extends Attributes {
  readonly type: 'file';
  readonly content: FileContent;
}
export interface DirectoryEntry extends Attributes {
  readonly type: 'directory';
}
export interface SymlinkEntry extends Attributes {
  readonly type: 'symlink';
  /** As written into the link. */
  readonly target: string;
}
/** A further name of a file that stands earlier in the same layer. */
export interface HardlinkEntry extends Attributes {
  readonly type: 'hardlink';
  /** Path of that file, in the form of `path`. */
  readonly target: string;
}
/** Hides `path` of the layers below (image-spec, layer.md, Whiteouts). */
export interface WhiteoutEntry {
  readonly type: 'whiteout';
  readonly path: string;
}

export type Entry = FileEntry | DirectoryEntry | SymlinkEntry | HardlinkEntry | WhiteoutEntry;

export function sizeOf(content: FileContent): number {
  return content.kind === 'inline' ? content.bytes.length : content.size;
}

/** A file with bytes of ours: owner root, time 0 unless said otherwise. */
export function inlineFile(
  path: string,
  bytes: Uint8Array | string,
  more: Partial<Omit<FileEntry, 'type' | 'path' | 'content'>> = {},
): FileEntry {
  const data = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
  return {
    type: 'file',
    path,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0,
    ...more,
    content: { kind: 'inline', bytes: data },
  };
}

export function directory(path: string, more: Partial<Omit<DirectoryEntry, 'type' | 'path'>> = {}): DirectoryEntry {
  return { type: 'directory', path, mode: 0o755, uid: 0, gid: 0, mtime: 0, ...more };
}

export function symlink(
  path: string,
  target: string,
  more: Partial<Omit<SymlinkEntry, 'type' | 'path' | 'target'>> = {},
): SymlinkEntry {
  return { type: 'symlink', path, target, mode: 0o777, uid: 0, gid: 0, mtime: 0, ...more };
}

/**
 * Order of paths everywhere: by UTF-8 bytes, component by component, so that a directory stands before its content on every host and locale.
 * The key's order by `<` is that order; making it once per path costs less than comparing buffers.
 */
function pathKey(path: string): string {
  const separated = path.replaceAll('/', '\0');
  // oxlint-disable-next-line no-control-regex -- what is asked is whether UTF-16 and UTF-8 order agree
  return /^[\0-\x7f]*$/.test(separated) ? separated : Buffer.from(separated).toString('latin1');
}

/** A sorted copy, in the order of `pathKey`. */
export function sortByPath<T>(items: readonly T[], pathOf: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, key: pathKey(pathOf(item)) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}
