import { describe, expect, it } from 'vitest';
import { managedInterpreter, mirroredUrl, pathOfRelease } from '../../src/python/managed.ts';
import { releasePath } from './make-python.ts';

const PATH = releasePath('cpython-3.12.4+20261110-x86_64.tar.gz');
const BELOW = '20261110/cpython-3.12.4%2B20261110-x86_64.tar.gz';

describe('mirroredUrl', () => {
  it('puts release and file below the mirror', () => {
    const url = `https://host.example/any/${PATH}`;
    expect(mirroredUrl(url, undefined)).toBe(url);
    expect(mirroredUrl(url, '')).toBe(url);
    expect(mirroredUrl(url, 'http://127.0.0.1:1/m/')).toBe(`http://127.0.0.1:1/m/${BELOW}`);
    expect(mirroredUrl(url, 'file:///m')).toBe(`file:///m/${BELOW}`);
  });

  it('leaves others where they are', () => {
    expect(mirroredUrl('https://host.example/x.tar.gz', 'http://127.0.0.1:1')).toBe('https://host.example/x.tar.gz');
    expect(pathOfRelease(`https://host.example/${PATH}/more`)).toBeUndefined();
  });
});

describe('managedInterpreter', () => {
  it('is found in its own folder', () => {
    const libc = { kind: 'glibc', major: 2, minor: 36 } as const;
    const lock = { version: '3.12.4', url: '', digest: 'sha256:0' } as const;
    expect(managedInterpreter(lock, { machine: 'aarch64', libc, wanted: '3.12' })).toEqual({
      version: '3.12.4',
      path: '/opt/python/cpython-3.12.4/bin/python3.12',
      prefix: '/opt/python/cpython-3.12.4',
      machine: 'aarch64',
      libc,
      freeThreaded: false,
    });
  });
});
