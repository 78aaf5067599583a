import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { createLimit, mapLimited } from '../../src/core/limit.ts';
import { expectCode } from '../expect-code.ts';

const ctx = createContext();
const pause = (ms = 2) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Work that tells how much of it ran at once. */
function createGauge() {
  let running = 0;
  const gauge = { most: 0, started: 0, work: async () => {
    gauge.most = Math.max(gauge.most, ++running);
    gauge.started++;
    await pause();
    running--;
  } }; // prettier-ignore
  return gauge;
}

describe('createLimit', () => {
  it('never runs more than its number at once, and runs all', async () => {
    const gauge = createGauge();
    const limit = createLimit(3);
    await Promise.all(Array.from({ length: 20 }, () => limit(gauge.work)));
    expect(gauge).toMatchObject({ most: 3, started: 20 });
  });

  it('goes on after a failure, which its caller gets', async () => {
    const limit = createLimit(1);
    const failing = limit(() => Promise.reject(new Error('broken')));
    const next = limit(() => Promise.resolve('next'));
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('next');
  });

  it('starts in the order of asking', async () => {
    const order: number[] = [];
    const limit = createLimit(2);
    await Promise.all([0, 1, 2, 3, 4].map((n) => limit(async () => void order.push(n))));
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('mapLimited', () => {
  it('keeps the order of its items and the bound', async () => {
    const gauge = createGauge();
    const results = await mapLimited(ctx, [5, 1, 3, 2], 2, async (n, index) => {
      await gauge.work();
      await pause(n);
      return `${index}:${n}`;
    });
    expect(results).toEqual(['0:5', '1:1', '2:3', '3:2']);
    expect(gauge.most).toBe(2);
    expect(await mapLimited(ctx, [], 2, () => Promise.resolve(1))).toEqual([]);
  });

  it('starts nothing after a failure, and waits for what runs', async () => {
    let ended = 0;
    const started: number[] = [];
    const work = async (n: number) => {
      started.push(n);
      if (n === 1) throw new Error('broken');
      await pause(20);
      ended++;
    };
    await expect(mapLimited(ctx, [0, 1, 2, 3], 2, work)).rejects.toThrow('broken');
    expect(started).toEqual([0, 1]);
    expect(ended).toBe(1);
  });

  it('starts nothing after an abort', async () => {
    const controller = new AbortController();
    const started: number[] = [];
    const work = async (n: number) => {
      started.push(n);
      controller.abort();
    };
    const stopped = createContext({ signal: controller.signal });
    await expectCode(() => mapLimited(stopped, [0, 1, 2], 1, work), 'ABORTED');
    expect(started).toEqual([0]);
  });
});
