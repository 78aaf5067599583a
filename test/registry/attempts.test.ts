import { describe, expect, it } from 'vitest';
import { createPatience, retryAfterMs } from '../../src/registry/attempts.ts';
import { testContext } from './setup.ts';

const head = (headers: Record<string, string>) => ({ status: 429, headers, url: new URL('https://a.example') });

describe('retryAfterMs', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');

  it.each([
    [{}, undefined],
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': '3600' }, 60_000],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' }, 5_000],
    [{ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, 0],
    // A server whose clock is a day off still means ten seconds.
    [{ 'retry-after': 'Fri, 02 Jan 2026 00:00:10 GMT', date: 'Fri, 02 Jan 2026 00:00:00 GMT' }, 10_000],
  ])('of %j is %s', (headers, ms) => {
    expect(retryAfterMs(head(headers as Record<string, string>), now)).toBe(ms);
  });
});

describe('attempts', () => {
  const waitsOf = async (max: number, random: number): Promise<number[]> => {
    const waits: number[] = [];
    const sleep = (ms: number): Promise<void> => {
      waits.push(ms);
      return Promise.resolve();
    };
    const attempts = createPatience({ random: () => random, now: () => 0, sleep }).attempts(max);
    while (await attempts.again(testContext(), 'a.example'));
    return waits;
  };

  it('double their waits up to ten seconds, drawn at random', async () => {
    expect(await waitsOf(9, 1)).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    expect(await waitsOf(4, 0.5)).toEqual([100, 200, 400]);
    expect(await waitsOf(1, 1)).toEqual([]);
  });
});
