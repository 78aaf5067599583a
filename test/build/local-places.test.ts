import { describe, expect, it } from 'vitest';
import { absoluteFrom, absoluteWheel, isRelative, relativeFrom, relativeWheel } from '../../src/build/local-places.ts';
import type { LockedSource } from '../../src/python/lock.ts';

const A = `sha256:${'a'.repeat(64)}` as const;

describe('places of this host', () => {
  it.each([
    ['file:///home/me/app/dist/x%20y.whl', './dist/x y.whl'],
    ['file:///home/me/x.whl', '../x.whl'],
    ['https://files.example/x.whl', 'https://files.example/x.whl'],
  ])('are written from the lock, and read back: %s', (url, written) => {
    expect(relativeWheel({ url }, '/home/me/app').url).toBe(written);
    expect(absoluteWheel({ url: written }, '/home/me/app').url).toBe(url);
    expect(isRelative(written)).toBe(!written.startsWith('https:'));
  });

  it.each<[LockedSource['from'], object]>([
    [
      { kind: 'folder', path: '/home/me/lib', digest: A, subdirectory: 'py' },
      { kind: 'folder', path: '../lib', subdirectory: 'py' },
    ],
    [
      { kind: 'folder', path: '/home/me/app', digest: A },
      { kind: 'folder', path: '.' },
    ],
    [
      { kind: 'folder', path: '/home/me', digest: A },
      { kind: 'folder', path: '..' },
    ],
    [
      { kind: 'sdist', filename: 'x.zip', url: 'file:///home/me/app/x.zip', digest: A },
      { kind: 'sdist', filename: 'x.zip', url: './x.zip', digest: A },
    ],
    [
      { kind: 'git', url: 'https://git.example/x', commit: 'c' },
      { kind: 'git', url: 'https://git.example/x', commit: 'c' },
    ],
  ])('of sources too, without what changes with each edit: %j', (from, written) => {
    const { digest: _, ...rest } = { digest: A, ...from };
    expect(relativeFrom(from, '/home/me/app')).toEqual(written);
    const read = absoluteFrom(written as LockedSource['from'], '/home/me/app');
    expect(read).toEqual(from.kind === 'sdist' ? from : rest);
  });
});
