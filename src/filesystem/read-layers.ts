// The layers of a base become facts: each is read once, several at a time, and applied bottom to top (image-spec, layer.md).
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { mapLimited } from '../core/limit.ts';
import type { BaseEntry, BaseFacts } from './facts.ts';
import { EMPTY_FACTS } from './facts.ts';
import type { Change } from './read-tar.ts';
import { readChanges } from './read-tar.ts';
import { resolveWith } from './resolve.ts';

export interface ReadOptions {
  /** How many bytes of a file's content to keep at most; undefined keeps none. Larger files are not kept at all. */
  readonly capture: (path: string) => number | undefined;
}

/** Inflating takes a core each; the network gives a little more to do. */
const LAYERS_AT_ONCE = 3;
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * Reads all layers. Throws `LAYER_INVALID` for what is no layer, `DIGEST_MISMATCH` when a diff ID is wrong, and whatever opening throws.
 * Entries' paths are canonical: `lib/x` over a symlink `lib` stands where unpackers put it.
 */
export async function readFacts(ctx: Context, layers: readonly Layer[], { capture }: ReadOptions): Promise<BaseFacts> {
  const changes = await mapLimited(ctx, layers, LAYERS_AT_ONCE, (layer) => readChanges(ctx, layer, capture));
  const builder = new FactsBuilder();
  for (const layer of changes) builder.apply(layer);
  return builder.facts();
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const IMPLICIT: BaseEntry = { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 };

/** Facts that grow by one layer after the other. */
export class FactsBuilder {
  readonly #entries: Map<string, BaseEntry>;
  readonly #captured: Map<string, Uint8Array>;
  readonly #parents = new Map<string, string>();

  /** @param below what the first layer is applied to */
  constructor(below: BaseFacts = EMPTY_FACTS) {
    this.#entries = new Map(below.entries);
    this.#captured = new Map(below.captured);
  }

  /** As they are now; later layers do not change them. */
  facts(): BaseFacts {
    return { entries: new Map(this.#entries), captured: new Map(this.#captured) };
  }

  /** Whiteouts hide what lies below, never siblings, wherever they stand in the layer: so they come first. */
  apply(changes: readonly Change[]): void {
    for (const { path } of changes) {
      const name = nameOf(path);
      if (name === OPAQUE) this.#removeBelow(this.#canonical(parentOf(path)));
      else if (name.startsWith(WHITEOUT)) {
        const hidden = `${parentOf(path)}/${name.slice(WHITEOUT.length)}`;
        this.#remove(this.#canonical(hidden));
      }
    }
    for (const change of changes) if (!nameOf(change.path).startsWith(WHITEOUT)) this.#add(change);
  }

  #add({ path, entry, bytes }: Change): void {
    const at = this.#canonical(path);
    const before = this.#entries.get(at);
    const merges = before?.type === 'directory' && entry.type === 'directory';
    if (before && !merges) this.#remove(at);
    this.#addParents(at);
    if (entry.type === 'hardlink') {
      this.#addHardlink(at, entry);
      return;
    }
    this.#entries.set(at, entry);
    if (entry.type === 'symlink') this.#parents.clear();
    if (bytes) this.#captured.set(at, bytes);
  }

  #addHardlink(at: string, link: BaseEntry): void {
    const first = this.#canonical(link.target ?? '');
    const file = this.#entries.get(first);
    const bytes = this.#captured.get(first);
    this.#entries.set(at, {
      ...link,
      ...file,
      type: 'hardlink',
      target: file?.type === 'hardlink' ? file.target : first,
    });
    if (bytes) this.#captured.set(at, bytes);
  }

  #addParents(path: string): void {
    for (let at = parentOf(path); at !== ''; at = parentOf(at)) {
      if (this.#entries.get(at)?.type === 'directory') return;
      this.#remove(at);
      this.#entries.set(at, IMPLICIT);
    }
  }

  #remove(path: string): void {
    const entry = this.#entries.get(path);
    if (!entry) return;
    this.#entries.delete(path);
    this.#captured.delete(path);
    if (entry.type === 'symlink') this.#parents.clear();
    if (entry.type === 'directory') this.#removeBelow(path);
  }

  #removeBelow(path: string): void {
    const prefix = path === '' ? '' : `${path}/`;
    for (const below of this.#entries.keys()) {
      if (below === '' || !below.startsWith(prefix)) continue;
      this.#entries.delete(below);
      this.#captured.delete(below);
    }
    this.#parents.clear();
  }

  /** A directory entry over a symlink to a directory replaces the link, as unpackers do; links in the parents are followed. */
  #canonical(path: string): string {
    const parent = parentOf(path);
    let resolved = this.#parents.get(parent);
    if (resolved === undefined) {
      resolved = resolveWith((at) => this.#linkAt(at), parent, true);
      this.#parents.set(parent, resolved);
    }
    return resolved === '' ? nameOf(path) : `${resolved}/${nameOf(path)}`;
  }

  #linkAt(path: string): string | undefined {
    const entry = this.#entries.get(path);
    return entry?.type === 'symlink' ? entry.target : undefined;
  }
}
