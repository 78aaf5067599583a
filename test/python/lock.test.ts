import { describe, expect, it } from 'vitest';
import type { LockedWheel } from '../../src/python/lock.ts';
import { lockOf } from '../../src/python/lock.ts';

const wheel = (name: string, more: Partial<LockedWheel> = {}): LockedWheel => ({
  name,
  version: '1.0',
  filename: `${name}-1.0-py3-none-any.whl`,
  url: `https://index.example/${name}`,
  digest: `sha256:${'a'.repeat(64)}`,
  requested: true,
  ...more,
});

describe('a lock', () => {
  it('is sorted by name', () => {
    expect(lockOf([wheel('b'), wheel('a'), wheel('c')]).wheels.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('is the same whatever served it, in whatever order', () => {
    const one = lockOf([wheel('a'), wheel('b')]);
    const other = lockOf([wheel('b', { url: 'https://mirror.example/b', size: 5 }), wheel('a')]);
    expect(other.digest).toBe(one.digest);
  });

  it.each<Partial<LockedWheel>>([{ version: '1.1' }, { digest: `sha256:${'b'.repeat(64)}` }, { requested: false }])(
    'is another with %j',
    (more) => {
      expect(lockOf([wheel('a', more)]).digest).not.toBe(lockOf([wheel('a')]).digest);
    },
  );
});
