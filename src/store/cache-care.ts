// Looking after the local cache: what it holds, and removing what nobody has used for a while.
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createContext } from '../core/context.ts';
import { mapLimited } from '../core/limit.ts';
import { CACHE_VERSION, cachePlace } from './cache.ts';
import { writing } from './disk.ts';

const SCRATCH = 'scratch';
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
  /** `blobs`, the kind of a record (`facts`, `layer`, …), or `scratch`: of builds that run or died. */
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
 */
export async function pruneCache(root: string, choice: PruneChoice, nowMs: number): Promise<CacheAmount> {
  const limitMs = 'all' in choice ? Infinity : nowMs - choice.olderThanDays * DAY_MS;
  const old = (await itemsOf(root)).filter(
    ({ kind, usedMs }) => usedMs < (kind === SCRATCH ? nowMs - SCRATCH_AGE_MS : limitMs),
  );
  await writing(cachePlace(root), () =>
    mapLimited(createContext(), old, CONCURRENCY, ({ path }) => rm(path, { recursive: true, force: true })),
  );
  return amountOf(old);
}

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
  for (const name of await namesIn(join(base, SCRATCH))) {
    const path = join(base, SCRATCH, name);
    const found = await stat(path).catch(() => undefined);
    // Files in it may carry times of their own, from an archive.
    if (found)
      items.push([{ kind: SCRATCH, path, usedMs: found.mtimeMs, ...amountOf(await filesUnder(SCRATCH, path)) }]);
  }
  return items.flat();
}

async function filesUnder(kind: string, folder: string): Promise<Item[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
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
