import { describe, expect, it } from 'vitest';
import { captureForLibc, findLibc } from '../../src/python/find-libc.ts';
import { factsOf } from './base-facts.ts';

const banner = (version: string): string =>
  `\0ELF\0GNU C Library (some distribution) stable release version ${version}.\nCopyright`;
const none = new Map<string, string>();
const find = (lines: string, contents: Readonly<Record<string, string>> = {}, packages = none): string => {
  const { kind, major, minor } = findLibc(factsOf(lines, contents), packages);
  return `${kind} ${major}.${minor}`;
};

describe('the C library of a base', () => {
  it.each([
    ['libc6', '2.36-9+deb12u13', 'glibc 2.36'],
    ['musl', '1.2.5-r9', 'musl 1.2'],
    ['glibc', '2.42-r0', 'glibc 2.42'],
  ])('is told by the package %s %s', (name, version, expected) => {
    expect(find('lib/libc.so', {}, new Map([[name, version]]))).toBe(expected);
  });

  it.each(['lib64/libc.so.6', 'usr/lib64/libc.so.6', 'lib/libc.so.6', 'usr/lib/libc.so.6'])(
    'is told by its own file: %s',
    (path) => {
      expect(find('bin/sh', { [path]: banner('2.34') })).toBe('glibc 2.34');
      expect(captureForLibc(path)).toBeGreaterThan(2_400_000);
    },
  );

  it('is told by the names of its files', () => {
    expect(find('lib/x86_64-linux-gnu/libc-2.31.so')).toBe('glibc 2.31');
    expect(find('lib/ld-musl-aarch64.so.1')).toBe('musl 1.2');
    // The compatibility package of Alpine for programs of glibc does not make it one.
    expect(find('lib/ld-musl-x86_64.so.1\nlib/ld-linux-x86-64.so.2')).toBe('musl 1.2');
  });

  it('is taken for the oldest where nothing tells, or what tells is not understood', () => {
    expect(find('bin/sh')).toBe('glibc 2.17');
    expect(find('bin/sh', { 'lib64/libc.so.6': 'no banner' }, new Map([['libc6', 'unknown']]))).toBe('glibc 2.17');
  });

  it('is captured only where no package manager is sure to know', () => {
    const idle = ['usr/lib/x86_64-linux-gnu/libc.so.6', 'lib64/libc.so', 'opt/lib/libc.so.6'];
    expect(idle.map(captureForLibc)).toEqual([undefined, undefined, undefined]);
  });
});
