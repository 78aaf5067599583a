// Entries that lie on top of a known tree become a part of what is known, as a runtime would apply their layer.
import type { Entry } from './entry.ts';
import { sizeOf } from './entry.ts';
import type { BaseEntry, BaseFacts } from './facts.ts';
import { FactsBuilder } from './read-layers.ts';
import type { Change } from './read-tar.ts';

export interface ApplyOptions {
  /** As for `readFacts`. */
  readonly capture: (path: string) => number | undefined;
  /** The bytes of a file's content. */
  readonly read: (content: (Entry & { readonly type: 'file' })['content']) => Uint8Array;
}

/** @param entries of one layer, with canonical paths, sorted */
export function applyEntries(facts: BaseFacts, entries: readonly Entry[], options: ApplyOptions): BaseFacts {
  const builder = new FactsBuilder(facts);
  builder.apply(entries.map((entry) => changeOf(entry, options)));
  return builder.facts();
}

function changeOf(entry: Entry, { capture, read }: ApplyOptions): Change {
  const { path } = entry;
  if (entry.type === 'whiteout') {
    const slash = path.lastIndexOf('/') + 1;
    return { path: `${path.slice(0, slash)}.wh.${path.slice(slash)}`, entry: HIDDEN };
  }
  const { mode, uid, gid, mtime, xattrs } = entry;
  const attributes = { mode, uid, gid, mtime, ...(xattrs && { xattrs }) };
  if (entry.type === 'directory') return { path, entry: { ...attributes, type: 'directory' } };
  if (entry.type !== 'file') return { path, entry: { ...attributes, type: entry.type, target: entry.target } };
  const size = sizeOf(entry.content);
  const limit = capture(path);
  const bytes = limit !== undefined && size <= limit ? read(entry.content) : undefined;
  return { path, entry: { ...attributes, type: 'file', size }, bytes };
}

/** What a whiteout is made of means nothing. */
const HIDDEN: BaseEntry = { type: 'file', mode: 0, uid: 0, gid: 0, mtime: 0, size: 0 };
