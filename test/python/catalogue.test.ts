import { describe, expect, it } from 'vitest';
import { isOffered, newestOffer, offersOfDocument, offersOfUv } from '../../src/python/catalogue.ts';
import { expectCode } from '../expect-code.ts';
import { downloadsDocument } from './make-python.ts';

const GLIBC = { machine: 'x86_64', libc: { kind: 'glibc', major: 2, minor: 36 }, wanted: '3.12' } as const;
const ARM_MUSL = { machine: 'aarch64', libc: { kind: 'musl', major: 1, minor: 2 }, wanted: '3.12' } as const;

const ROW = {
  path: null,
  symlink: null,
  os: 'linux',
  arch: 'x86_64',
  libc: 'gnu',
  variant: 'default',
  implementation: 'cpython',
};
const row = (version: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => {
  const named = { key: `cpython-${version}`, version, url: `https://mirror.example/${version}.tar.gz` };
  return { ...ROW, ...named, ...more };
};

describe('offersOfUv', () => {
  it('gives those of the target', () => {
    const rows = [
      row('3.12.4'),
      row('3.12.3', { variant: 'freethreaded' }),
      row('3.12.2', { implementation: 'pypy' }),
      row('3.12.1', { os: 'macos' }),
      row('3.12.0', { arch: 'x86_64_v3' }),
      row('3.11.9', { url: null }),
      row('3.11.8', { arch: 'aarch64', libc: 'musl' }),
    ];
    const text = JSON.stringify(rows);
    expect(offersOfUv(text, GLIBC)).toEqual([
      { key: 'cpython-3.12.4', version: '3.12.4', url: 'https://mirror.example/3.12.4.tar.gz' },
    ]);
    expect(offersOfUv(text, ARM_MUSL).map(({ version }) => version)).toEqual(['3.11.8']);
  });
});

describe('offersOfDocument', () => {
  const sha256 = 'a'.repeat(64);

  it('gives those of the target, with their checksums', () => {
    const url = 'https://mirror.example/x.tar.gz';
    const text = downloadsDocument([
      { version: '3.12.4', url, sha256 },
      { version: '3.13.0rc2', url },
      { version: '3.12.3', url, libc: 'musl' },
      { version: '3.12.2', url, more: { variant: 'debug' } },
      { version: '3.12.1', url, more: { arch: { family: 'x86_64', variant: 'v3' } } },
      { version: '3.12.0', url, more: { name: 'pypy' } },
    ]);
    expect(offersOfDocument(text, 'list', GLIBC)).toEqual([
      { key: 'cpython-3.12.4-linux-x86_64-gnu', version: '3.12.4', url, digest: `sha256:${sha256}` },
      { key: 'cpython-3.13.0rc2-linux-x86_64-gnu', version: '3.13.0rc2', url },
    ]);
  });

  it.each(['<html>', '[]', '{"a":{"name":"cpython"}}'])('refuses %s', async (text) => {
    const error = await expectCode(() => offersOfDocument(text, 'https://x.example/l', GLIBC), 'UNEXPECTED_ANSWER');
    expect(error.message).toContain('https://x.example/l is no list of Pythons');
  });
});

describe('newestOffer', () => {
  const offers = ['3.12.9', '3.12.10', '3.13.0rc2', '3.1.2'].map((version) => ({ key: version, version, url: '' }));

  it.each([
    ['3.12', '3.12.10'],
    ['3.12.9', '3.12.9'],
    ['3.12.1', undefined],
    ['3.13', undefined],
    ['3.13.0rc2', '3.13.0rc2'],
    ['3.1', '3.1.2'],
  ])('of %s is %s', (wanted, version) => {
    expect(newestOffer(offers, { wanted })?.version).toBe(version);
  });
});

describe('isOffered', () => {
  it('is so for two machines', () => {
    const machines = ['x86_64', 'aarch64', 'armv7l', 's390x', 'riscv64'];
    expect(machines.filter((machine) => isOffered({ machine }))).toEqual(['x86_64', 'aarch64']);
  });
});
