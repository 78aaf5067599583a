import { describe, expect, it } from 'vitest';
import { readSurroundings } from '../../src/build/surroundings.ts';
import type { BaseEntry, BaseFacts } from '../../src/filesystem/facts.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const PLAIN = { mode: 0o644, uid: 0, gid: 0, mtime: 0 };

/** Files of one byte, empty ones of none, and links by their target. */
function factsOf(files: Readonly<Record<string, number | string>>): BaseFacts {
  const entries = Object.entries(files).map(([path, about]): [string, BaseEntry] => {
    if (typeof about === 'string') return [path, { ...PLAIN, type: 'symlink', target: about }];
    return [path, { ...PLAIN, type: 'file', size: about }];
  });
  return { entries: new Map(entries), captured: new Map() };
}

describe('readSurroundings', () => {
  it('finds nothing in nothing', () => {
    const nothing = { libc: undefined, hasDpkg: false, hasSources: false, hasCertificates: false };
    expect(readSurroundings(factsOf({}), AMD64)).toEqual(nothing);
  });

  it('knows a C library by its loader, behind links too, for the machine', () => {
    const merged = factsOf({ lib64: 'usr/lib64', 'usr/lib64/ld-linux-x86-64.so.2': 1, 'usr/lib/libc-2.36.so': 1 });
    const musl = factsOf({ 'lib/ld-musl-aarch64.so.1': 1 });
    const arm64 = { os: 'linux', architecture: 'arm64' };
    expect(readSurroundings(merged, AMD64).libc).toEqual({ kind: 'glibc', major: 2, minor: 36 });
    expect(readSurroundings(merged, arm64).libc).toBeUndefined();
    expect(readSurroundings(musl, arm64).libc).toMatchObject({ kind: 'musl' });
    expect(readSurroundings(musl, AMD64).libc).toBeUndefined();
    expect(readSurroundings(musl, { os: 'linux', architecture: 's390x' }).libc).toBeUndefined();
  });

  it('looks for sources and database of packages', () => {
    const about = (files: Readonly<Record<string, number | string>>) => {
      const { hasDpkg, hasSources } = readSurroundings(factsOf(files), AMD64);
      return [hasDpkg, hasSources];
    };
    expect(about({ 'var/lib/dpkg/status': 9, 'etc/apt/sources.list': 9 })).toEqual([true, true]);
    expect(about({ 'var/lib/dpkg/status': 0, 'etc/apt/sources.list': 0 })).toEqual([false, false]);
    expect(about({ 'etc/apt/sources.list.d/debian.sources': 9 })).toEqual([false, true]);
    expect(about({ 'etc/apt/sources.list.d/debian.list': 9 })).toEqual([false, true]);
    expect(about({ 'etc/apt/sources.list.d/debian.list.disabled': 9 })).toEqual([false, false]);
  });

  it.each(['etc/ssl/certs/ca-certificates.crt', 'etc/pki/tls/certs/ca-bundle.crt', 'etc/ssl/cert.pem'])(
    'takes %s for certificate authorities, unless it leads nowhere',
    (path) => {
      const has = (files: Readonly<Record<string, number | string>>): boolean =>
        readSurroundings(factsOf(files), AMD64).hasCertificates;
      expect(has({ [path]: 9 })).toBe(true);
      expect(has({ [path]: '/bundle', bundle: 9 })).toBe(true);
      expect(has({ [path]: '/bundle' })).toBe(false);
      expect(has({ [path]: 0 })).toBe(false);
    },
  );
});
