import { threadId } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import type { Work, WorkPool } from '../../src/layer/work-pool.ts';
import { poolOf } from './work-pools.ts';

const MODULE = new URL('./thread-work.ts', import.meta.url);

type Done = { readonly request: number; readonly thread: number };

async function run(pool: WorkPool, effort: number, more: Partial<Work> = {}): Promise<Done> {
  const work = { module: MODULE, request: effort, effort, startsThreads: true, isShort: false, ...more };
  return (await pool.run(createContext(), work)) as Done;
}

describe('a work pool', () => {
  test('does the longest first, in whatever order works come', async () => {
    const pool = poolOf(0);
    const done: number[] = [];
    await Promise.all([3, 9, 1, 9.5].map(async (effort) => done.push((await run(pool, effort)).request)));
    expect(done).toEqual([9.5, 9, 3, 1]);
  });

  test('leaves long works to its threads, and helps with others', async () => {
    const pool = poolOf(1);
    const isShort = true;
    const done = await Promise.all([run(pool, 4), run(pool, 3), run(pool, 2, { isShort }), run(pool, 1, { isShort })]);
    const isHere = done.map(({ thread }) => thread === threadId);
    expect(isHere.slice(0, 3)).toEqual([false, false, true]);
  });

  test('starts threads for what is worth it, and uses those that run for everything', async () => {
    const pool = poolOf(1);
    const startsThreads = false;
    expect((await run(pool, 1, { startsThreads })).thread).toBe(threadId);
    pool.prepare(MODULE, false);
    expect((await run(pool, 1, { startsThreads })).thread).toBe(threadId);
    pool.prepare(MODULE, true);
    expect((await run(pool, 1, { startsThreads })).thread).not.toBe(threadId);
  });

  test('hands on what is wrong with a module, wherever it was to be done', async () => {
    const module = new URL('./no-such-work.ts', import.meta.url);
    for (const workers of [0, 1]) {
      const pool = poolOf(workers);
      pool.prepare(module, true);
      await expect(run(pool, 1, { module })).rejects.toThrow(/no-such-work/);
      expect((await run(pool, 2)).request).toBe(2);
    }
  });
});
