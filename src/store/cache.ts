// The local cache: blobs by digest, small records by key. Everything in it can be lost without loss.
import { createHash } from 'node:crypto';
import { readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Context } from '../core/context.ts';
import { createContext } from '../core/context.ts';
import type { Digest, Expected } from '../core/digest.ts';
import { hexOf, verified } from '../core/digest.ts';
import { joined } from '../core/once.ts';
import type { Place } from './disk.ts';
import { makeFolder, writeWhole, writing } from './disk.ts';

export interface LocalCache {
  /** Absolute folder on the host. */
  readonly root: string;
  /** Host path of a blob, or undefined when it is not here. */
  readonly find: (digest: Digest) => Promise<string | undefined>;
  /**
   * Keeps bytes under their digest: private temporary file, verified while written, renamed. Returns the host path. Equal digests asked for at
   * the same time are written once. Throws `CACHE_UNWRITABLE`, `DISK_FULL`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`.
   */
  readonly keep: (
    ctx: Context,
    expected: Expected,
    what: string,
    open: (ctx: Context) => AsyncIterable<Uint8Array>,
  ) => Promise<string>;
  /** Moves a file that was made in `scratch` to its place by digest (trusted, not read again). Returns the host path. */
  readonly adopt: (digest: Digest, file: string) => Promise<string>;
  /** Runs work with a private folder on the cache's own file system, removed afterwards. */
  readonly scratch: <T>(work: (folder: string) => Promise<T>) => Promise<T>;
  /** Absolute host folder of a kind of things that are no blobs (`layers`); not made yet. */
  readonly folder: (kind: string) => string;
  /** Whether a folder below it is there; notes its use. */
  readonly useFolder: (folder: string) => Promise<boolean>;
  /** A small document kept under a key of ours (`layer`, `facts`, …), or undefined; a damaged one counts as absent. */
  readonly readRecord: (kind: string, key: Digest) => Promise<Uint8Array | undefined>;
  readonly writeRecord: (kind: string, key: Digest, bytes: Uint8Array) => Promise<void>;
  /** Joins equal work that is under way in this process, as images of one call on one base have it; else begins it. */
  readonly join: <T>(ctx: Context, key: Digest, work: () => Promise<T>) => Promise<T>;
}

export interface CacheOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A short text that no other call gives, in any process: names of temporary files. */
  readonly random: () => string;
}

/** Version of everything below: another layout gets another folder, so that programs of two versions can share a cache. */
export const CACHE_VERSION = 'v1';

/** Last use is noted at most once a day: what is asked for a hundred times in a build costs one write. */
const TOUCH_MS = 24 * 60 * 60 * 1000;

/** A cache in `root`, which is made when first written to. */
export function createLocalCache(root: string, { now, random }: CacheOptions): LocalCache {
  const base = join(root, CACHE_VERSION);
  const place = cachePlace(root);
  const running = new Map<Digest, Promise<string>>();
  const underWay = new Map<Digest, Promise<unknown>>();
  const blobFile = (digest: Digest): string => join(base, 'blobs', 'sha256', shard(digest));
  const recordFile = (kind: string, key: Digest): string => join(base, 'records', kind, shard(key));
  const temporary = (): string => join(base, 'scratch', random());
  const find = async (digest: Digest, size?: number): Promise<string | undefined> => {
    const found = await use(blobFile(digest), now());
    return found !== undefined && found === (size ?? found) ? blobFile(digest) : undefined;
  };
  const write = (ctx: Context, file: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<string> =>
    writing(place, async () => {
      await writeWhole(ctx, bytes, temporary(), file);
      return file;
    });
  return {
    root,
    find: (digest) => find(digest),
    keep: (ctx, expected, what, open) =>
      share(ctx, running, expected.digest, async () => {
        const found = await find(expected.digest, expected.size);
        return found ?? write(ctx, blobFile(expected.digest), verified(open(ctx), expected, what));
      }),
    adopt: (digest, file) =>
      writing(place, async () => {
        await makeFolder(dirname(blobFile(digest)));
        await rename(file, blobFile(digest));
        return blobFile(digest);
      }),
    scratch: async (work) => {
      const folder = temporary();
      await writing(place, () => makeFolder(folder));
      try {
        return await work(folder);
      } finally {
        // What cannot be removed now is removed by a later prune.
        await rm(folder, { recursive: true, force: true }).catch(() => undefined);
      }
    },
    folder: (kind) => join(base, kind),
    useFolder: async (folder) => (await use(folder, now(), 'folder')) !== undefined,
    readRecord: async (kind, key) => {
      const file = recordFile(kind, key);
      if ((await use(file, now())) === undefined) return undefined;
      const found = await readFile(file).catch(() => undefined);
      return found && unseal(found, kind, key);
    },
    writeRecord: async (kind, key, bytes) => {
      await write(createContext(), recordFile(kind, key), sealed(bytes, kind, key));
    },
    // A key is of one kind of work alone.
    join: <T>(ctx: Context, key: Digest, work: () => Promise<T>) =>
      share(ctx, underWay as Map<Digest, Promise<T>>, key, work),
  };
}

export function cachePlace(root: string): Place {
  const elsewhere = 'choose another folder with --cache-dir or IMAGESPEC_CACHE';
  return {
    name: `The cache ${root}`,
    code: 'CACHE_UNWRITABLE',
    hint: {
      unwritable: `Check the permissions of the folder, or ${elsewhere}.`,
      full: `Free some space with "imagespec cache prune", or ${elsewhere}.`,
    },
  };
}

/** `ab/abcdef…`: folders stay small enough for every file system. */
function shard(digest: Digest): string {
  const hex = hexOf(digest);
  return join(hex.slice(0, 2), hex);
}

/** Bytes of the file, if it is there; notes the use. A cache that may not be written is still read. */
async function use(file: string, nowMs: number, kind: 'file' | 'folder' = 'file'): Promise<number | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (!(kind === 'file' ? found?.isFile() : found?.isDirectory())) return undefined;
  if (nowMs - found!.mtimeMs > TOUCH_MS) await utimes(file, nowMs / 1000, nowMs / 1000).catch(() => undefined);
  return found!.size;
}

/** Joins the work that is under way for the key, or starts it. What has ended is not kept: a result may be pruned meanwhile. */
async function share<K, V>(ctx: Context, running: Map<K, Promise<V>>, key: K, work: () => Promise<V>): Promise<V> {
  const known = running.get(key);
  if (known) return joined(ctx, known, () => share(ctx, running, key, work));
  const promise = work().finally(() => running.delete(key));
  running.set(key, promise);
  return promise;
}

/**
 * A record is a line with the digest of kind, key and content, then the content: a cut, changed or misplaced one does not fit. Two chunks,
 * since records of indices have 30 MB.
 */
// oxlint-disable-next-line typescript/require-await -- the bytes are there
async function* sealed(bytes: Uint8Array, kind: string, key: Digest): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(`${sealOf(bytes, kind, key)}\n`);
  yield bytes;
}

function unseal(found: Buffer, kind: string, key: Digest): Uint8Array | undefined {
  const end = found.indexOf('\n');
  const bytes = found.subarray(end + 1);
  return found.toString('latin1', 0, end) === sealOf(bytes, kind, key) ? bytes : undefined;
}

function sealOf(bytes: Uint8Array, kind: string, key: Digest): Digest {
  return `sha256:${createHash('sha256').update(`${kind}\n${key}\n`).update(bytes).digest('hex')}`;
}
