// Looking after the local cache: what it holds, and removing what nobody has used for a while.
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createContext } from '../core/context.ts';
import { mapLimited } from '../core/limit.ts';
import { CACHE_VERSION, cachePlace } from './cache.ts';
import { writing } from './disk.ts';

const SCRATCH = 'scratch';
/** Unpacked layers, each a folder. */
const LAYERS = 'layers';
const DAY_MS = 24 * 60 * 60 * 1000;
/** A scratch folder this old belongs to a process that died: no build takes so long. */
const SCRATCH_AGE_MS = DAY_MS;
/** Files looked at or removed at once: what the thread pool of Node can use. */
const CONCURRENCY = 8;

export interface CacheAmount {
  /** Files. */
  readonly count: number;
  readonly bytes: number;
}

interface CacheKind extends CacheAmount {
  /** `blobs`, the kind of a record (`facts`, `layer`, …), `layers`: unpacked, or `scratch`: of builds that run or died. */
  readonly kind: string;
  /** Milliseconds since the epoch, to the day. */
  readonly lastUsedMs: number;
}

export interface CacheListing {
  /** Sorted by name; kinds of which there is nothing are left out. */
  readonly kinds: readonly CacheKind[];
}

/** What to remove: everything, or what was not used for so many days. */
export type PruneChoice = { readonly all: true } | { readonly olderThanDays: number };

export async function listCache(root: string): Promise<CacheListing> {
  const kinds = new Map<string, CacheKind>();
  for (const { kind, count, bytes, usedMs } of await itemsOf(root)) {
    const known = kinds.get(kind) ?? { count: 0, bytes: 0, lastUsedMs: 0 };
    const lastUsedMs = Math.max(known.lastUsedMs, usedMs);
    kinds.set(kind, { kind, count: known.count + count, bytes: known.bytes + bytes, lastUsedMs });
  }
  return { kinds: [...kinds.values()].sort((a, b) => (a.kind < b.kind ? -1 : 1)) };
}

/**
 * Removes blobs and records, and what processes that died left in scratch; the scratch of a running build stays. Returns what was removed.
 * Throws `CACHE_UNWRITABLE`.
 * @param nowMs milliseconds since the epoch
 * @param removeFolder removes a folder whose files may belong to lent ids
 */
export async function pruneCache(
  root: string,
  choice: PruneChoice,
  nowMs: number,
  removeFolder: (path: string) => Promise<void> = remove,
): Promise<CacheAmount> {
  const limitMs = 'all' in choice ? Infinity : nowMs - choice.olderThanDays * DAY_MS;
  const old = (await itemsOf(root)).filter(
    ({ kind, usedMs }) => usedMs < (kind === SCRATCH ? nowMs - SCRATCH_AGE_MS : limitMs),
  );
  await writing(cachePlace(root), () =>
    mapLimited(createContext(), old, CONCURRENCY, ({ path, kind }) =>
      kind === SCRATCH || kind === LAYERS ? removeFolder(path) : remove(path),
    ),
  );
  return amountOf(old);
}

const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

/** What is kept or removed as one: a blob, a record, the scratch of one piece of work. */
interface Item extends CacheAmount {
  readonly kind: string;
  readonly path: string;
  readonly usedMs: number;
}

function amountOf(items: readonly CacheAmount[]): CacheAmount {
  return items.reduce((sum, { count, bytes }) => ({ count: sum.count + count, bytes: sum.bytes + bytes }), {
    count: 0,
    bytes: 0,
  });
}

async function itemsOf(root: string): Promise<Item[]> {
  const base = join(root, CACHE_VERSION);
  const kinds = await namesIn(join(base, 'records'));
  const items = [
    await filesUnder('blobs', join(base, 'blobs')),
    ...(await Promise.all(kinds.map((kind) => filesUnder(kind, join(base, 'records', kind))))),
  ];
  items.push(await foldersIn(SCRATCH, join(base, SCRATCH)));
  for (const name of await namesIn(join(base, LAYERS))) items.push(await foldersIn(LAYERS, join(base, LAYERS, name)));
  return items.flat();
}

/** A folder counts by its files, and is removed as one. */
async function foldersIn(kind: string, folder: string): Promise<Item[]> {
  const items: Item[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    // Files in it may carry times of their own, from an archive.
    if (found) items.push({ kind, path, usedMs: found.mtimeMs, ...amountOf(await filesUnder(kind, path)) });
  }
  return items;
}

async function filesUnder(kind: string, folder: string): Promise<Item[]> {
  const files = await pathsUnder(folder);
  const items = await mapLimited(createContext(), files, CONCURRENCY, async (path) => {
    // Others may remove it in the meantime.
    const found = await stat(path).catch(() => undefined);
    return found && { kind, path, count: 1, bytes: found.size, usedMs: found.mtimeMs };
  });
  return items.filter((item) => item !== undefined);
}

/** Names in a folder; of a folder that is not there, none. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** Files below a folder, without those in folders of others that we may not look into. */
async function pathsUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
  for (const entry of entries) if (entry.isDirectory()) files.push(...(await pathsUnder(join(folder, entry.name))));
  return files;
}
