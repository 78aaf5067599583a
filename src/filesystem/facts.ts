// What is known about a base without having its bytes: read once per manifest digest, kept in the cache.

/** One path of the base after all its layers are applied. */
export interface BaseEntry {
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  /** Bytes, for files. */
  readonly size?: number | undefined;
  /** For symlinks as written; for hard links the path of the other name. */
  readonly target?: string | undefined;
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
}

export interface BaseFacts {
  /** By canonical path, without leading slash. The root directory itself is '' when a layer states it. */
  readonly entries: ReadonlyMap<string, BaseEntry>;
  /** Whole content of the few files that were asked for by `capture`, by canonical path. */
  readonly captured: ReadonlyMap<string, Uint8Array>;
}

/** A base of nothing (`scratch`). */
export const EMPTY_FACTS: BaseFacts = { entries: new Map(), captured: new Map() };
