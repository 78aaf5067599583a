import { describe, expect, it } from 'vitest';
import { captureForPackages, installedPackages } from '../../src/python/base-packages.ts';
import { factsOf } from './base-facts.ts';

const installed = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(installedPackages(factsOf('bin/sh', files)));

describe('the packages of a base', () => {
  it('are read from dpkg, without those that were removed', () => {
    const status = [
      'Package: libc6\nStatus: install ok installed\nVersion: 2.36-9+deb12u13\nDescription: x\n Version: 9\n .\n more',
      'Package: gone\nStatus: deinstall ok config-files\nVersion: 1',
      'Package: held\nStatus: hold ok installed\nVersion:\t3.11.2-1  ',
      'Package: half\nStatus: install reinstreq half-installed\nVersion: 1',
      'Package: nameless-version\nStatus: install ok installed',
    ].join('\n\n');
    expect(installed({ 'var/lib/dpkg/status': status })).toEqual({ libc6: '2.36-9+deb12u13', held: '3.11.2-1' });
  });

  it('are read from the files of distroless', () => {
    const files = {
      'var/lib/dpkg/status.d/libc6': 'Package: libc6\nVersion: 2.36\n',
      'var/lib/dpkg/status.d/libc6.md5sums': 'Package: no\nVersion: 1\n',
    };
    expect(installed(files)).toEqual({ libc6: '2.36' });
  });

  it.each(['lib/apk/db/installed', 'usr/lib/apk/db/installed'])('are read from apk: %s', (path) => {
    const database = 'C:Q1=\nP:musl\nV:1.2.5-r9\nF:lib\nR:x\n\nP:python3\nV:3.12.11-r0\n';
    expect(installed({ [path]: database })).toEqual({ musl: '1.2.5-r9', python3: '3.12.11-r0' });
  });

  it('are none where there is no database, or one of another kind', () => {
    expect(installed({})).toEqual({});
    expect(installed({ 'var/lib/dpkg/status': '\0\0garbage\n\n\n' })).toEqual({});
    expect(installed({ 'var/lib/rpm/status': 'Package: x\nVersion: 1\n' })).toEqual({});
  });

  it('are captured where they are read', () => {
    const paths = [
      'var/lib/dpkg/status',
      'var/lib/dpkg/status.d/x',
      'lib/apk/db/installed',
      'usr/lib/apk/db/installed',
    ];
    expect(paths.every((path) => (captureForPackages(path) ?? 0) > 5_000_000)).toBe(true);
    const others = ['var/lib/dpkg/status-old', 'var/lib/dpkg/status.d/x.md5sums', 'x/lib/apk/db/installed'];
    expect(others.filter((path) => captureForPackages(path) !== undefined)).toEqual([]);
  });
});
