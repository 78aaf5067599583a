import { chmod, mkdir, readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { digestOf } from '../../src/core/digest.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { expectCode } from '../expect-code.ts';
import { createNames, temporaryFolder } from './temporary-folder.ts';

const ctx = createContext();
const DAY_MS = 24 * 60 * 60 * 1000;
const bytes = Buffer.from('some bytes');
const digest = digestOf(bytes);

async function newCache(nowMs = Date.now()) {
  const root = join(await temporaryFolder(), 'cache');
  const clock = { nowMs };
  return { root, clock, cache: createLocalCache(root, { now: () => clock.nowMs, random: createNames() }) };
}

async function* once(...chunks: readonly Uint8Array[]) {
  yield* chunks;
}

const filesIn = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
};

describe('blobs of the cache', () => {
  it('are kept under their digest and found again', async () => {
    const { root, cache } = await newCache();
    expect(await cache.find(digest)).toBeUndefined();
    const file = await cache.keep(ctx, { digest, size: bytes.length }, 'a blob', () => once(bytes));
    expect(file).toBe(join(root, 'v1/blobs/sha256', digest.slice(7, 9), digest.slice(7)));
    expect(await cache.find(digest)).toBe(file);
    expect(await readFile(file)).toEqual(bytes);
    expect(await filesIn(root)).toEqual([file]);
  });

  it('are written once when many ask at the same time, and not again when they are there', async () => {
    const { cache } = await newCache();
    let opened = 0;
    const open = () => {
      opened++;
      return once(bytes);
    };
    const files = await Promise.all([1, 2, 3, 4].map(() => cache.keep(ctx, { digest }, 'a blob', open)));
    expect(new Set(files).size).toBe(1);
    await cache.keep(ctx, { digest, size: bytes.length }, 'a blob', open);
    expect(opened).toBe(1);
  });

  it('are written for the others when the one who asked first is stopped', async () => {
    const { cache } = await newCache();
    const controller = new AbortController();
    const stopped = createContext({ signal: controller.signal });
    const cut = async function* () {
      yield bytes.subarray(0, 4);
      controller.abort();
      yield bytes.subarray(4);
    };
    const first = cache.keep(stopped, { digest }, 'it', cut);
    const others = [1, 2].map(() => cache.keep(ctx, { digest }, 'it', () => once(bytes)));
    await expectCode(() => first, 'ABORTED');
    expect(await Promise.all(others)).toEqual([await cache.find(digest), await cache.find(digest)]);
  });

  it('may be written by several processes at once', async () => {
    const { root } = await newCache();
    const caches = ['a', 'b', 'c'].map((name) => createLocalCache(root, { now: Date.now, random: createNames(name) }));
    const files = await Promise.all(caches.map((cache) => cache.keep(ctx, { digest }, 'a blob', () => once(bytes))));
    expect(await filesIn(root)).toEqual([files[0]]);
  });

  it('leave nothing behind when they are not what they claim, or interrupted', async () => {
    const { root, cache } = await newCache();
    const size = bytes.length;
    await expectCode(
      () => cache.keep(ctx, { digest, size }, 'it', () => once(Buffer.from('other byte'))),
      'DIGEST_MISMATCH',
    );
    await expectCode(() => cache.keep(ctx, { digest, size }, 'it', () => once(bytes, bytes)), 'SIZE_MISMATCH');
    const controller = new AbortController();
    const cut = async function* () {
      yield bytes;
      controller.abort();
      yield bytes;
    };
    await expectCode(() => cache.keep(createContext({ signal: controller.signal }), { digest }, 'it', cut), 'ABORTED');
    expect(await filesIn(root)).toEqual([]);
    await cache.keep(ctx, { digest, size }, 'it', () => once(bytes));
    expect(await cache.find(digest)).toBeDefined();
  });

  it('are written again when they were cut', async () => {
    const { cache } = await newCache();
    const keep = () => cache.keep(ctx, { digest, size: bytes.length }, 'it', () => once(bytes));
    const file = await keep();
    await writeFile(file, bytes.subarray(1));
    await keep();
    expect(await readFile(file)).toEqual(bytes);
  });

  it('have mode 0644 in folders of mode 0755, less the umask', async () => {
    const { cache } = await newCache();
    const file = await cache.keep(ctx, { digest }, 'it', () => once(bytes));
    const umask = process.umask();
    expect((await stat(file)).mode & 0o777).toBe(0o644 & ~umask);
    expect((await stat(dirname(file))).mode & 0o777).toBe(0o755 & ~umask);
  });

  it('note their use once a day', async () => {
    const { cache, clock } = await newCache();
    const file = await cache.keep(ctx, { digest }, 'it', () => once(bytes));
    const used = async () => Math.round((await stat(file)).mtimeMs);
    const first = await used();
    clock.nowMs += DAY_MS / 2;
    await cache.find(digest);
    expect(await used()).toBe(first);
    clock.nowMs += DAY_MS;
    await cache.find(digest);
    expect(await used()).toBe(clock.nowMs);
  });

  it('can be made in scratch and moved to their place', async () => {
    const { root, cache } = await newCache();
    const file = await cache.scratch(async (folder) => {
      await writeFile(join(folder, 'made'), bytes);
      return cache.adopt(digest, join(folder, 'made'));
    });
    expect(await cache.find(digest)).toBe(file);
    expect(await filesIn(root)).toEqual([file]);
  });
});

describe('scratch of the cache', () => {
  it('is private, and gone when the work ends or fails', async () => {
    const { root, cache } = await newCache();
    const folders = await Promise.all(
      [1, 2].map(() =>
        cache.scratch(async (folder) => {
          await writeFile(join(folder, 'file'), 'x');
          return folder;
        }),
      ),
    );
    expect(folders[0]).not.toBe(folders[1]);
    await expect(cache.scratch(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await readdir(join(root, 'v1/scratch'))).toEqual([]);
  });
});

describe('records of the cache', () => {
  const key = digestOf('key');

  it('are read as they were written, also empty and binary ones', async () => {
    const { cache } = await newCache();
    expect(await cache.readRecord('facts', key)).toBeUndefined();
    for (const record of [bytes, Buffer.alloc(0), Buffer.from([0, 10, 255, 10])]) {
      await cache.writeRecord('facts', key, record);
      expect(Buffer.from((await cache.readRecord('facts', key)) ?? [])).toEqual(record);
    }
    expect(await cache.readRecord('layer', key)).toBeUndefined();
  });

  it('count as absent when cut, changed or misplaced', async () => {
    const { root, cache } = await newCache();
    await cache.writeRecord('facts', key, bytes);
    const [file] = await filesIn(root);
    const whole = await readFile(file!);
    const changed = Buffer.from(whole);
    changed[whole.length - 1]! ^= 1;
    for (const damaged of [whole.subarray(0, -1), whole.subarray(0, 20), Buffer.alloc(0), changed]) {
      await writeFile(file!, damaged);
      expect(await cache.readRecord('facts', key)).toBeUndefined();
    }
    await writeFile(file!, whole);
    expect(await cache.readRecord('facts', key)).toBeDefined();
    const elsewhere = file!.replace('/facts/', '/layer/');
    await mkdir(dirname(elsewhere), { recursive: true });
    await rename(file!, elsewhere);
    expect(await cache.readRecord('layer', key)).toBeUndefined();
  });
});

describe('a cache that cannot be written', () => {
  it('says so, with a hint where else it could be', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    const cache = createLocalCache(join(folder, 'file'), { now: Date.now, random: createNames() });
    const key = digestOf('key');
    for (const work of [
      () => cache.keep(ctx, { digest }, 'it', () => once(bytes)),
      () => cache.writeRecord('facts', key, bytes),
      () => cache.scratch(() => Promise.resolve()),
      () => cache.adopt(digest, join(folder, 'none')),
    ]) {
      const error = await expectCode(work, 'CACHE_UNWRITABLE');
      expect(error.hint).toMatch(/--cache-dir.*IMAGESPEC_CACHE/);
    }
    expect(await cache.find(digest)).toBeUndefined();
    expect(await cache.readRecord('facts', key)).toBeUndefined();
  });

  it('is read all the same', async () => {
    const { root, cache, clock } = await newCache();
    const file = await cache.keep(ctx, { digest }, 'it', () => once(bytes));
    await utimes(file, 0, 0);
    await chmod(root, 0o555);
    clock.nowMs += 2 * DAY_MS;
    expect(await cache.find(digest)).toBe(file);
    await chmod(root, 0o755);
  });

  it('lets the failure of the source through as it is', async () => {
    const { cache } = await newCache();
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes;
      throw new Error('the source broke');
    };
    await expect(cache.keep(ctx, { digest }, 'it', broken)).rejects.toThrow('the source broke');
  });
});
