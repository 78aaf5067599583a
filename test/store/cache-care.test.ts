import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { contentOf } from '../../src/content/content.ts';
import { digestOf } from '../../src/core/digest.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { listCache, pruneCache } from '../../src/store/cache-care.ts';
import { createNames, temporaryFolder } from './temporary-folder.ts';

const ctx = createContext();
const DAY_MS = 24 * 60 * 60 * 1000;
const nowMs = Date.UTC(2030, 0, 1);

/** Three blobs of 3 bytes, last used 0, 10 and 40 days ago; a record of 20 days; scratch of half a day and of two days. */
async function filledCache() {
  const root = await temporaryFolder();
  const cache = createLocalCache(root, { now: () => nowMs, random: createNames() });
  const age = (path: string, days: number) =>
    utimes(path, new Date(nowMs - days * DAY_MS), new Date(nowMs - days * DAY_MS));
  for (const [text, days] of [
    ['abc', 0],
    ['def', 10],
    ['ghi', 40],
  ] as const) {
    const { descriptor, open } = contentOf(Buffer.from(text), '');
    await age(await cache.keep(ctx, descriptor, text, open), days);
  }
  const key = digestOf('key');
  await cache.writeRecord('facts', key, Buffer.from('x'));
  await age(join(root, 'v1/records/facts', key.slice(7, 9), key.slice(7)), 20);
  for (const [name, days] of [
    ['running', 0.5],
    ['dead', 2],
  ] as const) {
    const folder = join(root, 'v1/scratch', name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'half'), '12345');
    await age(join(folder, 'half'), 9_000);
    await age(folder, days);
  }
  return { root, cache };
}

describe('listCache', () => {
  it('counts files and bytes of each kind, and tells the last use', async () => {
    const { root } = await filledCache();
    expect(await listCache(root)).toEqual({
      kinds: [
        { kind: 'blobs', count: 3, bytes: 9, lastUsedMs: nowMs },
        { kind: 'facts', count: 1, bytes: 73, lastUsedMs: nowMs - 20 * DAY_MS },
        { kind: 'scratch', count: 2, bytes: 10, lastUsedMs: nowMs - DAY_MS / 2 },
      ],
    });
  });

  it('finds nothing where there is no cache', async () => {
    expect(await listCache(join(await temporaryFolder(), 'none'))).toEqual({ kinds: [] });
  });
});

describe('pruneCache', () => {
  const left = async (root: string) => (await listCache(root)).kinds.map(({ kind, count }) => [kind, count]);

  it('removes what was not used for so many days, and scratch of processes that died', async () => {
    const { root, cache } = await filledCache();
    expect(await pruneCache(root, { olderThanDays: 15 }, nowMs)).toEqual({ count: 3, bytes: 3 + 73 + 5 });
    expect(await left(root)).toEqual([['blobs', 2], ['scratch', 1]]); // prettier-ignore
    expect(await cache.find(digestOf('ghi'))).toBeUndefined();
    expect(await readdir(join(root, 'v1/scratch'))).toEqual(['running']);
  });

  it('counts and removes an unpacked layer as one, by when it was used, with what removes files of lent ids', async () => {
    const { root, cache } = await filledCache();
    const removed: string[] = [];
    for (const [name, days] of [
      ['old', 40],
      ['new', 1],
    ] as const) {
      const folder = join(cache.folder('layers'), '1-range', name);
      await mkdir(join(folder, 'usr', 'bin'), { recursive: true });
      await writeFile(join(folder, 'usr', 'bin', 'sh'), '1234567');
      await utimes(folder, new Date(nowMs - days * DAY_MS), new Date(nowMs - days * DAY_MS));
    }
    expect((await listCache(root)).kinds).toContainEqual({
      kind: 'layers',
      count: 2,
      bytes: 14,
      lastUsedMs: nowMs - DAY_MS,
    });
    const remove = async (path: string): Promise<void> => void removed.push(path);
    expect(await pruneCache(root, { olderThanDays: 15 }, nowMs, remove)).toEqual({ count: 4, bytes: 3 + 73 + 5 + 7 });
    expect(removed.sort()).toEqual([join(root, 'v1/layers/1-range/old'), join(root, 'v1/scratch/dead')]);
    await cache.useFolder(join(root, 'v1/layers/1-range/old'));
    await pruneCache(root, { olderThanDays: 15 }, nowMs);
    expect(await readdir(join(root, 'v1/layers/1-range'))).toEqual(['new', 'old']);
    expect(await cache.useFolder(join(root, 'v1/layers/1-range/none'))).toBe(false);
  });

  it('keeps the scratch of what still runs even when all is to go', async () => {
    const { root } = await filledCache();
    expect((await pruneCache(root, { all: true }, nowMs)).count).toBe(5);
    expect(await left(root)).toEqual([['scratch', 1]]);
  });

  it('removes nothing where there is nothing', async () => {
    expect(await pruneCache(join(await temporaryFolder(), 'none'), { all: true }, nowMs)).toEqual({
      count: 0,
      bytes: 0,
    });
  });
});
