// What a program changed, from overlayfs' form to entries of a layer: whiteouts, opaque directories and copied-up parents become what
// image-spec, layer.md knows. Contents stay in one file on the host, where the layer builder finds them.
import { open } from 'node:fs/promises';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import { canonicalJson } from '../core/json.ts';
import type { Entry } from '../filesystem/entry.ts';
import { sortByPath } from '../filesystem/entry.ts';
import type { BaseEntry, BaseFacts } from '../filesystem/facts.ts';
import type { Refuse } from '../filesystem/layer-error.ts';
import type { RawEntry } from '../filesystem/raw-tar.ts';
import { readRawTar } from '../filesystem/raw-tar.ts';
import { cleanPath } from '../filesystem/read-tar.ts';
import type { IdMap } from './ids.ts';

export interface ChangesOptions {
  /** Of the tree that was changed. */
  readonly facts: BaseFacts;
  /** Host file for the contents; must not exist. */
  readonly file: string;
  /** Seconds: later times become this one, so that equal changes have equal bytes. */
  readonly epoch: number;
  readonly ids: IdMap['kind'];
  /** Given all bytes of the tar in order. */
  readonly watch?: ((chunk: Uint8Array) => void) | undefined;
  /** Paths that are gone, where the tar does not say it by devices 0:0. */
  readonly removed?: readonly string[];
}

export interface Changes {
  readonly entries: readonly Entry[];
  /** Devices and fifos, which layers do not hold. */
  readonly leftOut: readonly string[];
}

const OVERLAY = 'user.overlay.';
const OPAQUE = `${OVERLAY}opaque`;
/** On everything that was copied up and not made anew, but for symlinks, which hold no such attributes. */
const ORIGIN = `${OVERLAY}origin`;

const refuse: Refuse = (why, { cause } = {}) =>
  new ImageSpecError('ENTRY_INVALID', `What the commands changed cannot be put into a layer: it ${why}`, {
    hint: 'Remove the file at the end of the commands.',
    cause,
  });

/** Reads the tar of overlayfs' upper folder to its end. Throws `ENTRY_INVALID`, `ABORTED` and what writing the file throws. */
export async function readUpper(
  ctx: Context,
  tar: AsyncIterable<Uint8Array>,
  options: ChangesOptions,
): Promise<Changes> {
  const changes = new Map<string, Entry>();
  const opaque = new Set<string>();
  const leftOut: string[] = [];
  for await (const raw of readRawTar(kept(ctx, tar, options), refuse)) {
    const path = cleanPath(raw.name, refuse);
    if (path === '') continue;
    const isWhiteout = raw.type === 'character' && raw.device[0] === 0 && raw.device[1] === 0;
    if (isWhiteout) {
      if (options.facts.entries.has(path)) changes.set(path, { type: 'whiteout', path });
      continue;
    }
    if (raw.xattrs && OPAQUE in raw.xattrs) opaque.add(path);
    const entry = toEntry(path, raw, options);
    if (entry) changes.set(path, entry);
    else leftOut.push(path);
  }
  for (const path of options.removed ?? [])
    if (options.facts.entries.has(path)) changes.set(path, { type: 'whiteout', path });
  hideBelow(opaque, changes, options.facts);
  return { entries: withoutUnchanged(changes, options.facts), leftOut };
}

/** The bytes, written to the file while they pass. */
async function* kept(
  ctx: Context,
  bytes: AsyncIterable<Uint8Array>,
  { file, watch }: ChangesOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await open(file, 'wx');
  try {
    for await (const chunk of bytes) {
      throwIfAborted(ctx);
      watch?.(chunk);
      await handle.writeFile(chunk);
      yield chunk;
    }
  } finally {
    await handle.close();
  }
}

function toEntry(path: string, raw: RawEntry, { facts, file, epoch, ids }: ChangesOptions): Entry | undefined {
  const { type, mode, size, offset } = raw;
  const below = facts.entries.get(path);
  // Where the host lends no ids, nobody could change an owner: what was there before keeps its own.
  const isKept = type === 'symlink' || (raw.xattrs !== undefined && ORIGIN in raw.xattrs);
  const { uid, gid } = ids === 'single' ? (isKept && below) || { uid: 0, gid: 0 } : raw;
  const xattrs = withoutOverlay(raw.xattrs);
  const attributes = { path, mode, uid, gid, mtime: Math.min(raw.mtime, epoch), ...(xattrs && { xattrs }) };
  switch (type) {
    case 'directory':
      return { ...attributes, type };
    case 'symlink':
      return { ...attributes, type, mode: 0o777, target: raw.target };
    case 'hardlink':
      return { ...attributes, type, target: cleanPath(raw.target, refuse) };
    case 'file':
      return {
        ...attributes,
        type,
        content: { kind: 'range', file, offset, length: size, size, encoding: 'identity' },
      };
    case 'character':
    case 'block':
    case 'fifo':
      return undefined;
  }
}

function withoutOverlay(xattrs: RawEntry['xattrs']): RawEntry['xattrs'] {
  const own = Object.entries(xattrs ?? {}).filter(([name]) => !name.startsWith(OVERLAY));
  return own.length > 0 ? Object.fromEntries(own) : undefined;
}

/** A directory that was removed and made again: what was in it before is named, so that equal changes have equal layers. */
function hideBelow(opaque: ReadonlySet<string>, changes: Map<string, Entry>, facts: BaseFacts): void {
  if (opaque.size === 0) return;
  for (const path of facts.entries.keys()) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (!changes.has(path) && isBelow(parent, opaque) && changes.get(parent)?.type === 'directory')
      changes.set(path, { type: 'whiteout', path });
  }
}

function isBelow(path: string, folders: ReadonlySet<string>): boolean {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) if (folders.has(at)) return true;
  return false;
}

/** Directories are copied up whenever something in them changes. They stay if they changed, or if a runtime would make them up otherwise. */
function withoutUnchanged(changes: ReadonlyMap<string, Entry>, facts: BaseFacts): Entry[] {
  const needed = new Set<string>();
  const result: Entry[] = [];
  for (const entry of sortByPath([...changes.values()], ({ path }) => path).reverse()) {
    const below = facts.entries.get(entry.path);
    const isCopied = entry.type === 'directory' && below?.type === 'directory' && isSame(entry, below);
    const isPlain = entry.type === 'directory' && entry.mode === 0o755 && !entry.uid && !entry.gid && !entry.xattrs;
    if (isCopied && (isPlain || !needed.has(entry.path))) {
      if (needed.has(entry.path)) needParent(entry.path, needed);
      continue;
    }
    needParent(entry.path, needed);
    result.push(isCopied ? { ...entry, mtime: below.mtime } : entry);
  }
  return result.reverse();
}

function needParent(path: string, needed: Set<string>): void {
  needed.add(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
}

function isSame(a: Pick<BaseEntry, 'mode' | 'uid' | 'gid' | 'xattrs'>, b: BaseEntry): boolean {
  const text = (xattrs: BaseEntry['xattrs']): string => canonicalJson(xattrs ?? {});
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && text(a.xattrs) === text(b.xattrs);
}
