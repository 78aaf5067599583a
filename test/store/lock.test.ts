import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { withLock } from '../../src/store/lock.ts';
import { expectCode } from '../expect-code.ts';
import { createNames, temporaryFolder } from './temporary-folder.ts';

const ctx = createContext();
const random = createNames();

describe('withLock', () => {
  it('lets one in at a time and leaves no file behind', async () => {
    const folder = await temporaryFolder();
    let inside = 0;
    const seen: number[] = [];
    const works = Array.from({ length: 8 }, () =>
      withLock(ctx, join(folder, 'lock'), { random }, async () => {
        seen.push(++inside);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside--;
      }),
    );
    await Promise.all(works);
    expect(seen).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is free again after work that failed', async () => {
    const file = join(await temporaryFolder(), 'lock');
    await expect(withLock(ctx, file, { random }, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await withLock(ctx, file, { random }, () => Promise.resolve('next'))).toBe('next');
  });

  it('takes over a lock that nobody holds any more', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'lock'), '');
    const works = [1, 2, 3].map((n) =>
      withLock(ctx, join(folder, 'lock'), { random, staleMs: 100 }, () => Promise.resolve(n)),
    );
    expect(await Promise.all(works)).toEqual([1, 2, 3]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('waits for a lock that keeps changing hands, until it is told to stop', async () => {
    const file = join(await temporaryFolder(), 'lock');
    await writeFile(file, '');
    const hands = setInterval(() => void utimes(file, new Date(), new Date()), 10);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 300);
    const waiting = createContext({ signal: controller.signal });
    await expectCode(() => withLock(waiting, file, { random, staleMs: 100 }, () => Promise.resolve()), 'ABORTED');
    clearInterval(hands);
  });
});
