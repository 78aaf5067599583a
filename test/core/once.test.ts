import { describe, expect, it } from 'vitest';
import { Once } from '../../src/core/once.ts';

describe('Once', () => {
  it('runs work for a key once and gives its result to all', async () => {
    const once = new Once<string, number>();
    let runs = 0;
    const work = () => Promise.resolve(++runs);
    expect(await Promise.all([once.run('a', work), once.run('a', work), once.run('b', work)])).toEqual([1, 1, 2]);
    expect(await once.run('a', work)).toBe(1);
  });

  it('finds work that was begun, as long as it did not fail', async () => {
    const once = new Once<string, number>();
    expect(once.find('a')).toBeUndefined();
    const running = once.run('a', () => Promise.resolve(1));
    expect(once.find('a')).toBe(running);
    await expect(once.run('b', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(once.find('b')).toBeUndefined();
  });

  it('forgets a failure', async () => {
    const once = new Once<string, number>();
    const failing = () => Promise.reject(new Error('broken'));
    const both = [once.run('a', failing), once.run('a', () => Promise.resolve(1))];
    for (const result of both) await expect(result).rejects.toThrow('broken');
    expect(await once.run('a', () => Promise.resolve(2))).toBe(2);
  });
});
