// The paths of a package, each checked against all before it: nothing may stand twice, or below something that is no directory.
import { messageOf } from '../core/error.ts';
import type { DirectoryEntry, FileEntry, HardlinkEntry, SymlinkEntry } from '../filesystem/entry.ts';
import type { Refuse } from '../filesystem/layer-error.ts';
import { checkEntry } from '../layer/check-entry.ts';
import type { TarEntry } from './tar-reader.ts';

export type DebEntry = FileEntry | DirectoryEntry | SymlinkEntry | HardlinkEntry;

/** The largest packages known have a few hundred thousand; each costs some hundred bytes of memory. */
const ENTRY_LIMIT = 1_000_000;

const EMPTY = { kind: 'inline', bytes: new Uint8Array() } as const;

export class DebEntries {
  readonly #refuse: Refuse;
  readonly #entries = new Map<string, DebEntry>();
  /** Everything that something lies below. */
  readonly #parents = new Set<string>();

  constructor(refuse: Refuse) {
    this.#refuse = refuse;
  }

  /** In the archive's order. */
  get all(): DebEntry[] {
    return [...this.#entries.values()];
  }

  /** Checks the entry and keeps it, a file without its content; returns its path, or undefined for the root directory. */
  add(found: TarEntry): string | undefined {
    const path = pathOf(found);
    if (path === '' && found.type === 'directory') return undefined;
    if (this.#entries.size >= ENTRY_LIMIT) throw this.#refuse(`holds more than ${ENTRY_LIMIT} entries`);
    const entry = this.#toEntry(found, path);
    this.#check(entry);
    this.#checkPlace(entry);
    this.#entries.set(path, entry);
    return path;
  }

  setContent(path: string, content: FileEntry['content']): void {
    const entry = this.#entries.get(path);
    if (entry?.type === 'file') this.#entries.set(path, { ...entry, content });
  }

  #toEntry(found: TarEntry, path: string): DebEntry {
    const { type, mode, uid, gid, mtime, target } = found;
    const attributes = { path, mode, uid, gid, mtime };
    if (type === 'directory') return { type, ...attributes };
    if (type === 'symlink') return { type, ...attributes, target };
    if (type === 'file') return { type, ...attributes, content: EMPTY };
    return { type, ...attributes, target: this.#fileOf(path, target) };
  }

  /** The file itself, if the link is to a further name of it. */
  #fileOf(path: string, target: string): string {
    const name = withoutDot(target);
    const file = this.#entries.get(name);
    if (file?.type === 'file') return name;
    if (file?.type === 'hardlink') return file.target;
    throw this.#refuse(
      `holds a hard link ${JSON.stringify(path)} to ${JSON.stringify(target)}, which is no file that stands before it`,
    );
  }

  #check(entry: DebEntry): void {
    try {
      checkEntry(entry);
    } catch (cause) {
      throw this.#refuse(`holds an entry that no layer can hold: ${messageOf(cause)}`, { cause });
    }
  }

  #checkPlace({ path, type }: DebEntry): void {
    const quoted = JSON.stringify(path);
    if (this.#entries.has(path)) throw this.#refuse(`holds ${quoted} twice`);
    if (type !== 'directory' && this.#parents.has(path))
      throw this.#refuse(`holds entries below ${quoted}, which is a ${type}`);
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash);
      if (this.#parents.has(parent)) return;
      const above = this.#entries.get(parent);
      if (above && above.type !== 'directory')
        throw this.#refuse(`holds ${quoted} below ${JSON.stringify(parent)}, which is a ${above.type}`);
      this.#parents.add(parent);
    }
  }
}

function pathOf({ type, name }: TarEntry): string {
  const path = withoutDot(name);
  return type === 'directory' && path.endsWith('/') ? path.slice(0, -1) : path;
}

function withoutDot(name: string): string {
  return name === '.' ? '' : name.replace(/^\.\//, '');
}
