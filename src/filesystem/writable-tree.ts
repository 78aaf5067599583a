// A staged filesystem that programs write to: the base as it is, changes in memory over it, and at the end the difference between the two.
// Everything is synchronous and in values: no path of an image is ever followed on the host.
import type { DirectoryEntry, FileContent, FileEntry, HardlinkEntry, SymlinkEntry } from './entry.ts';
import { sizeOf } from './entry.ts';
import type { BaseEntry, BaseFacts } from './facts.ts';
import { resolveWith } from './resolve.ts';

export interface Attributes {
  /** 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since the epoch. */
  readonly mtime: number;
  /** Values base64. */
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
}

/** Bytes that only the base's layers hold. */
interface BaseBytes {
  readonly kind: 'base';
  readonly size: number;
}

/** Hard links are several paths with one node. Nodes are never changed: a change puts a new one in their place. */
export interface FileNode extends Attributes {
  readonly type: 'file';
  readonly content: FileContent | BaseBytes;
}
interface DirectoryNode extends Attributes {
  readonly type: 'directory';
}
interface SymlinkNode extends Attributes {
  readonly type: 'symlink';
  readonly target: string;
}
/** A device, socket or fifo of the base. */
interface OtherNode extends Attributes {
  readonly type: 'other';
}
export type TreeNode = FileNode | DirectoryNode | SymlinkNode | OtherNode;

/** Codes as errno(3) has them; `UNREADABLE`: the bytes are in the base only and were not captured. */
export type FileErrorCode = 'ENOENT' | 'ENOTDIR' | 'EISDIR' | 'EEXIST' | 'ENOTEMPTY' | 'EINVAL' | 'UNREADABLE';

/** What a program would get from the kernel. Programs turn it into their message and status. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly code: FileErrorCode;
  readonly path: string;

  constructor(code: FileErrorCode, path: string) {
    super(`${path}: ${code}`);
    this.code = code;
    this.path = path;
  }
}

export interface TreeOptions {
  readonly facts: BaseFacts;
  /** Whole content of a range of a host file. */
  readonly readRange: (content: Exclude<FileContent, { readonly kind: 'inline' }>) => Uint8Array;
  /** Attributes of what programs create: owner root, this time. Seconds. */
  readonly now: number;
}

/** Paths are absolute or relative to the root; they are resolved through all symlinks of their parents, and of their last part with `follow`. */
export class WritableTree {
  readonly #options: TreeOptions;
  /** By canonical path; undefined where something of the base was removed. */
  readonly #own = new Map<string, TreeNode | undefined>();
  readonly #children = new Map<string, Set<string>>();
  /** Nodes of the base by the path that their bytes were first found under, so that hard links share one. */
  readonly #base = new Map<string, TreeNode>();
  /** What stood where before each change, newest last, while somebody may want to go back. */
  #journal: (readonly [path: string, isOwn: boolean, node: TreeNode | undefined])[] | undefined;

  constructor(options: TreeOptions) {
    this.#options = options;
    for (const path of options.facts.entries.keys()) if (path !== '') this.#addChild(path);
  }

  /** Seconds: the time of everything that programs create. */
  get now(): number {
    return this.#options.now;
  }

  /** Canonical path without leading slash; '' is the root. What does not exist is taken as it is written. */
  resolve(path: string, follow = true): string {
    return resolveWith((at) => this.#linkAt(at), path, follow);
  }

  /** What is at the path, or undefined. The root is always there. */
  get(path: string, follow = true): TreeNode | undefined {
    return this.#at(this.resolve(path, follow));
  }

  /** Names in a directory, sorted. */
  list(path: string): string[] {
    const at = this.resolve(path);
    this.#directoryAt(at, path);
    return [...(this.#children.get(at) ?? [])].sort();
  }

  read(path: string): Uint8Array {
    const node = this.get(path);
    if (!node) throw new FileError('ENOENT', path);
    if (node.type === 'directory') throw new FileError('EISDIR', path);
    if (node.type !== 'file') throw new FileError('EINVAL', path);
    return this.#bytesOf(this.resolve(path), node);
  }

  readText(path: string): string {
    return new TextDecoder().decode(this.read(path));
  }

  /** Writes as `>` does: an existing file keeps its attributes and its other names; a new one is root's, 0644. Symlinks are followed. */
  write(path: string, bytes: Uint8Array | string, attributes: Partial<Attributes> = {}): void {
    const at = this.resolve(path);
    const before = this.#at(at);
    if (before?.type === 'directory') throw new FileError('EISDIR', path);
    this.#directoryAt(parentOf(at), path);
    const data = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    const node: FileNode = {
      ...this.#attributes(0o644),
      ...(before && attributesOf(before)),
      ...attributes,
      mtime: attributes.mtime ?? this.now,
      type: 'file',
      content: { kind: 'inline', bytes: data },
    };
    this.#replaceEverywhere(at, before, node);
  }

  /** Puts an entry of a package at its place: an existing directory stays, anything else is replaced. Parents must exist. */
  place(entry: FileEntry | DirectoryEntry | SymlinkEntry | HardlinkEntry): void {
    const at = this.resolve(entry.path, false);
    this.#directoryAt(parentOf(at), entry.path);
    if (entry.type === 'hardlink') {
      const first = this.get(entry.target, false);
      if (!first) throw new FileError('ENOENT', entry.target);
      this.#set(at, first);
      return;
    }
    const { path: _path, ...node } = entry;
    this.#set(at, node);
  }

  makeDirectory(path: string, attributes: Partial<Attributes> = {}): void {
    const at = this.resolve(path, false);
    if (this.#at(at)) throw new FileError('EEXIST', path);
    this.#directoryAt(parentOf(at), path);
    this.#set(at, { ...this.#attributes(0o755), ...attributes, type: 'directory' });
  }

  /** `mkdir -p`: every missing directory of the path. */
  makeDirectories(path: string, attributes: Partial<Attributes> = {}): void {
    const at = this.resolve(path);
    const node = this.#at(at);
    if (node?.type === 'directory') return;
    if (node) throw new FileError('EEXIST', path);
    this.makeDirectories(parentOf(at), attributes);
    this.#set(at, { ...this.#attributes(0o755), ...attributes, type: 'directory' });
  }

  symlink(path: string, target: string): void {
    const at = this.resolve(path, false);
    if (this.#at(at)) throw new FileError('EEXIST', path);
    this.#directoryAt(parentOf(at), path);
    this.#set(at, { ...this.#attributes(0o777), type: 'symlink', target });
  }

  /** A further name of a file. */
  link(existing: string, path: string): void {
    const node = this.get(existing, false);
    if (!node) throw new FileError('ENOENT', existing);
    if (node.type === 'directory') throw new FileError('EISDIR', existing);
    const at = this.resolve(path, false);
    if (this.#at(at)) throw new FileError('EEXIST', path);
    this.#directoryAt(parentOf(at), path);
    this.#set(at, node);
  }

  /** rename(2). */
  rename(from: string, to: string): void {
    const source = this.resolve(from, false);
    const target = this.resolve(to, false);
    const node = this.#at(source);
    if (!node) throw new FileError('ENOENT', from);
    if (source === target) return;
    this.#directoryAt(parentOf(target), to);
    const before = this.#at(target);
    if (node.type === 'directory') {
      if (target.startsWith(`${source}/`)) throw new FileError('EINVAL', to);
      if (before && before.type !== 'directory') throw new FileError('ENOTDIR', to);
      if (before && this.list(target).length > 0) throw new FileError('ENOTEMPTY', to);
      this.#set(target, node);
      for (const name of this.list(source)) this.rename(join(source, name), join(target, name));
    } else {
      if (before?.type === 'directory') throw new FileError('EISDIR', to);
      this.#set(target, this.#withBytes(source, node));
    }
    this.#unset(source);
  }

  /** Removes a file, a symlink or an empty directory. */
  remove(path: string): void {
    const at = this.resolve(path, false);
    const node = this.#at(at);
    if (!node || at === '') throw new FileError(node ? 'EINVAL' : 'ENOENT', path);
    if (node.type === 'directory' && (this.#children.get(at)?.size ?? 0) > 0) throw new FileError('ENOTEMPTY', path);
    this.#unset(at);
  }

  removeAll(path: string): void {
    const at = this.resolve(path, false);
    if (this.#at(at)?.type === 'directory') for (const name of this.list(at)) this.removeAll(join(at, name));
    this.remove(at);
  }

  /** chmod, chown and touch: all names of a file change. */
  setAttributes(path: string, attributes: Partial<Attributes>, follow = true): void {
    const at = this.resolve(path, follow);
    const before = this.#at(at);
    if (!before) throw new FileError('ENOENT', path);
    this.#replaceEverywhere(at, before, { ...this.#withBytes(at, before), ...attributes });
  }

  /** Remembers how everything is; the function that is returned goes back to it. Calls may be nested, the inner one ends first. */
  savepoint(): { readonly undo: () => void; readonly keep: () => void } {
    const outer = this.#journal;
    const journal: (readonly [string, boolean, TreeNode | undefined])[] = (this.#journal = []);
    return {
      keep: () => {
        outer?.push(...journal);
        this.#journal = outer;
      },
      undo: () => {
        this.#journal = undefined;
        for (const [path, isOwn, node] of journal.toReversed()) this.#restore(path, isOwn, node);
        this.#journal = outer;
      },
    };
  }

  /** Everything that differs from the base, by canonical path; undefined where something of the base was removed. */
  changes(): ReadonlyMap<string, TreeNode | undefined> {
    const { entries } = this.#options.facts;
    const differs = ([path, node]: [string, TreeNode | undefined]): boolean =>
      node ? node !== this.#base.get(path) : entries.has(path);
    return new Map([...this.#own].filter(differs));
  }

  #at(path: string): TreeNode | undefined {
    if (this.#own.has(path)) return this.#own.get(path);
    const known = this.#base.get(path);
    if (known) return known;
    const entry = this.#options.facts.entries.get(path);
    if (!entry) return path === '' ? { ...this.#attributes(0o755), type: 'directory' } : undefined;
    const node = this.#fromBase(entry);
    this.#base.set(path, node);
    return node;
  }

  #fromBase(entry: BaseEntry): TreeNode {
    const { type, mode, uid, gid, mtime, xattrs } = entry;
    const attributes = { mode, uid, gid, mtime, ...(xattrs && { xattrs }) };
    if (type === 'hardlink') {
      const first = entry.target === undefined ? undefined : this.#options.facts.entries.get(entry.target);
      if (first?.type === 'file') return this.#at(entry.target!)!;
    }
    if (type === 'directory' || type === 'other') return { ...attributes, type };
    if (type === 'symlink') return { ...attributes, type, target: entry.target ?? '' };
    return { ...attributes, type: 'file', content: { kind: 'base', size: entry.size ?? 0 } };
  }

  #linkAt(path: string): string | undefined {
    const node = this.#at(path);
    return node?.type === 'symlink' ? node.target : undefined;
  }

  #attributes(mode: number): Attributes {
    return { mode, uid: 0, gid: 0, mtime: this.now };
  }

  #directoryAt(at: string, path: string): void {
    const node = this.#at(at);
    if (!node) throw new FileError('ENOENT', path);
    if (node.type !== 'directory') throw new FileError('ENOTDIR', path);
  }

  #bytesOf(at: string, { content }: FileNode): Uint8Array {
    if (content.kind === 'inline') return content.bytes;
    if (content.kind === 'range') return this.#options.readRange(content);
    const captured = this.#options.facts.captured.get(at);
    if (!captured) throw new FileError('UNREADABLE', `/${at}`);
    return captured;
  }

  /** A layer that changes anything of a file must have its bytes. */
  #withBytes(at: string, node: TreeNode): TreeNode {
    if (node.type !== 'file' || node.content.kind !== 'base') return node;
    return { ...node, content: { kind: 'inline', bytes: this.#bytesOf(at, node) } };
  }

  #replaceEverywhere(at: string, before: TreeNode | undefined, node: TreeNode): void {
    if (before?.type === 'file') {
      for (const path of this.#namesOf(before)) this.#set(path, node);
    }
    this.#set(at, node);
  }

  #namesOf(node: TreeNode): string[] {
    const own = [...this.#own].flatMap(([path, one]) => (one === node ? [path] : []));
    const base = [...this.#base].flatMap(([path, one]) => (one === node && !this.#own.has(path) ? [path] : []));
    return [...own, ...base];
  }

  #set(at: string, node: TreeNode): void {
    if (this.#at(at)?.type === 'directory' && node.type !== 'directory') throw new FileError('EISDIR', at);
    this.#note(at);
    this.#own.set(at, node);
    if (at !== '') this.#addChild(at);
  }

  #unset(at: string): void {
    this.#note(at);
    this.#own.set(at, undefined);
    this.#children.get(parentOf(at))?.delete(nameOf(at));
  }

  #note(at: string): void {
    this.#journal?.push([at, this.#own.has(at), this.#own.get(at)]);
  }

  #restore(path: string, isOwn: boolean, node: TreeNode | undefined): void {
    if (isOwn) this.#own.set(path, node);
    else this.#own.delete(path);
    if (this.#at(path) && path !== '') this.#addChild(path);
    else this.#children.get(parentOf(path))?.delete(nameOf(path));
  }

  #addChild(path: string): void {
    const parent = parentOf(path);
    const names = this.#children.get(parent);
    if (names) names.add(nameOf(path));
    else this.#children.set(parent, new Set([nameOf(path)]));
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const join = (parent: string, name: string): string => (parent === '' ? name : `${parent}/${name}`);

function attributesOf({ mode, uid, gid, mtime, xattrs }: TreeNode): Attributes {
  return { mode, uid, gid, mtime, ...(xattrs && { xattrs }) };
}

/** Bytes of a file. */
export function nodeSize({ content }: FileNode): number {
  return content.kind === 'base' ? content.size : sizeOf(content);
}
