import { describe, expect, it } from 'vitest';
import type { BaseFacts } from '../../src/filesystem/facts.ts';
import { captureForInterpreter, findInterpreter } from '../../src/python/find-interpreter.ts';
import type { Interpreter } from '../../src/python/interpreter.ts';
import { expectCode } from '../expect-code.ts';
import { factsOf } from './base-facts.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64' };
const OFFICIAL_PATH = 'PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The fields of dpkg's and apk's databases that are read. */
const dpkg = (name: string, version: string, status = 'install ok installed'): string =>
  `Package: ${name}\nStatus: ${status}\nPriority: optional\nArchitecture: amd64\nVersion: ${version}\nDescription: it\n more\n`;
const apk = (name: string, version: string): string => `C:Q1abc=\nP:${name}\nV:${version}\nA:x86_64\nF:usr/bin\nR:x\n`;
const patchlevel = (version: string): string => `#define PY_MAJOR_VERSION 3\n#define PY_VERSION      	"${version}"\n`;

const OFFICIAL = factsOf(
  `usr/local/bin/python -> python3
   usr/local/bin/python3 -> python3.12
   usr/local/bin/python3.12
   bin -> usr/bin`,
  {
    'usr/local/include/python3.12/patchlevel.h': patchlevel('3.12.11'),
    'var/lib/dpkg/status': `${dpkg('bash', '5.2.15-2+b8')}\n${dpkg('libc6', '2.36-9+deb12u13')}`,
  },
);

const DEBIAN = factsOf(
  `bin -> usr/bin
   usr/bin/python3 -> python3.11
   usr/bin/python3.11`,
  {
    'var/lib/dpkg/status': [
      dpkg('libc6', '2.36-9+deb12u13'),
      dpkg('python3', '3.11.2-1+b1'),
      dpkg('python3.11-minimal', '3.11.2-6+deb12u6'),
      dpkg('python3.12-minimal', '3.12.9-1', 'deinstall ok config-files'),
    ].join('\n'),
  },
);

const ALPINE = factsOf(
  `lib/ld-musl-x86_64.so.1
   usr/bin/python3 -> python3.12
   usr/bin/python3.12`,
  { 'lib/apk/db/installed': `${apk('musl', '1.2.5-r9')}\n${apk('python3', '3.12.11-r0')}` },
);

const DISTROLESS = factsOf(
  `usr/bin/python3 -> python3.11
   usr/bin/python3.11`,
  {
    'var/lib/dpkg/status.d/libc6': 'Package: libc6\nVersion: 2.36-9+deb12u13\n',
    'var/lib/dpkg/status.d/python3.11-minimal': 'Package: python3.11-minimal\nVersion: 3.11.2-6+deb12u6\n',
  },
);

const UBUNTU = factsOf(
  `bin -> usr/bin
   usr/bin/python3 -> python3.14
   usr/bin/python3.14`,
  { 'var/lib/dpkg/status': `${dpkg('libc6', '2.42-0ubuntu3')}\n${dpkg('python3.14-minimal', '3.14.0~rc2-1ubuntu1')}` },
);

const WOLFI = factsOf(
  `usr/bin/python3 -> python3.13
   usr/bin/python3.13`,
  { 'usr/lib/apk/db/installed': `${apk('glibc', '2.42-r0')}\n${apk('python-3.13', '3.13.7-r1')}` },
);

const RED_HAT = factsOf(
  `lib64 -> usr/lib64
   usr/bin/python3 -> ../../etc/alternatives/python3
   etc/alternatives/python3 -> /usr/bin/python3.12
   usr/bin/python3.12`,
  { 'usr/lib64/libc.so.6': '\0ELF\0GNU C Library (GNU libc) stable release version 2.34.\nCopyright' },
);

const MANAGED = factsOf(
  `app/.venv/bin/python -> /root/.local/share/uv/python/cpython-3.13-linux-x86_64-gnu/bin/python3.13t
   app/.venv/bin/python3 -> python
   root/.local/share/uv/python/cpython-3.13-linux-x86_64-gnu -> cpython-3.13.7+freethreaded-linux-x86_64-gnu
   root/.local/share/uv/python/cpython-3.13.7+freethreaded-linux-x86_64-gnu/bin/python3.13t
   lib/x86_64-linux-gnu/libc-2.31.so`,
  {
    'root/.local/share/uv/python/cpython-3.13.7+freethreaded-linux-x86_64-gnu/include/python3.13t/patchlevel.h':
      patchlevel('3.13.7'),
  },
);

interface Case {
  readonly facts: BaseFacts;
  readonly env?: readonly string[];
  readonly platform?: typeof AMD64;
  readonly expected: Partial<Interpreter>;
}

const glibc = (minor: number): Interpreter['libc'] => ({ kind: 'glibc', major: 2, minor });
const MANAGED_PREFIX = '/root/.local/share/uv/python/cpython-3.13.7+freethreaded-linux-x86_64-gnu';

const CASES: Readonly<Record<string, Case>> = {
  'an official image': {
    facts: OFFICIAL,
    env: [OFFICIAL_PATH, 'PYTHON_VERSION=3.12.11'],
    expected: { version: '3.12.11', path: '/usr/local/bin/python3.12', prefix: '/usr/local', libc: glibc(36) },
  },
  Debian: {
    facts: DEBIAN,
    platform: ARM64,
    expected: { version: '3.11.2', path: '/usr/bin/python3.11', prefix: '/usr', machine: 'aarch64', libc: glibc(36) },
  },
  Alpine: {
    facts: ALPINE,
    expected: { version: '3.12.11', path: '/usr/bin/python3.12', libc: { kind: 'musl', major: 1, minor: 2 } },
  },
  distroless: {
    facts: DISTROLESS,
    expected: { version: '3.11.2', path: '/usr/bin/python3.11', prefix: '/usr', libc: glibc(36) },
  },
  'Ubuntu with a release candidate': {
    facts: UBUNTU,
    expected: { version: '3.14.0rc2', path: '/usr/bin/python3.14', libc: glibc(42) },
  },
  Wolfi: { facts: WOLFI, expected: { version: '3.13.7', libc: glibc(42) } },
  'Red Hat, which tells no patch version': {
    facts: RED_HAT,
    expected: { version: '3.12.0', path: '/usr/bin/python3.12', libc: glibc(34) },
  },
  'a virtual environment over a managed, free-threaded Python': {
    facts: MANAGED,
    env: ['PATH=/app/.venv/bin:/usr/bin'],
    expected: {
      version: '3.13.7',
      path: `${MANAGED_PREFIX}/bin/python3.13t`,
      prefix: MANAGED_PREFIX,
      freeThreaded: true,
      libc: glibc(31),
    },
  },
};

describe('the interpreter of a base', () => {
  it.each(Object.entries(CASES))('is found in %s', (_name, { facts, env = [], platform = AMD64, expected }) => {
    expect(findInterpreter(facts, env, platform)).toMatchObject({
      machine: 'x86_64',
      freeThreaded: false,
      ...expected,
    });
  });

  it('is found with what is captured, and no more', () => {
    for (const { facts } of Object.values(CASES)) {
      for (const path of facts.captured.keys()) expect(captureForInterpreter(path), path).toBeGreaterThan(0);
    }
    const idle = ['usr/lib/x86_64-linux-gnu/libc.so.6', 'var/lib/dpkg/status.d/libc6.md5sums', 'etc/passwd'];
    expect(idle.map(captureForInterpreter)).toEqual([undefined, undefined, undefined]);
  });

  it('is the one that was asked for, wherever it is on PATH', () => {
    const both = factsOf(
      `usr/local/bin/python3 -> python3.12
       usr/local/bin/python3.12
       usr/bin/python3 -> python3.13
       usr/bin/python3.13`,
    );
    const version = (wanted?: string): string =>
      findInterpreter(both, ['PYTHON_VERSION=3.12.4'], AMD64, wanted).version;
    expect([version(), version('3.12'), version('3.12.4'), version('3.13')]).toEqual([
      '3.12.4',
      '3.12.4',
      '3.12.4',
      '3.13.0',
    ]);
  });

  it('is believed to be the wanted patch version where the base does not tell', () => {
    expect(findInterpreter(RED_HAT, [], AMD64, '3.12.9').version).toBe('3.12.9');
  });

  it('is not that of another minor version that PYTHON_VERSION speaks of', () => {
    expect(findInterpreter(RED_HAT, ['PYTHON_VERSION=3.13.1'], AMD64).version).toBe('3.12.0');
  });

  it('is found under another name by its standard library', () => {
    const facts = factsOf('opt/py/bin/python3\nopt/py/lib/python3.13t/os.py');
    expect(findInterpreter(facts, ['PATH=/opt/py/bin'], AMD64)).toMatchObject({
      version: '3.13.0',
      path: '/opt/py/bin/python3',
      freeThreaded: true,
    });
  });

  it('is looked up at home for a virtual environment of copies', () => {
    const facts = factsOf(
      `venv/bin/python3
       usr/local/bin/python3 -> python3.12
       usr/local/bin/python3.12`,
      { 'venv/pyvenv.cfg': 'home = /usr/local/bin\ninclude-system-site-packages = false\n' },
    );
    expect(findInterpreter(facts, ['PATH=/venv/bin'], AMD64).path).toBe('/usr/local/bin/python3.12');
  });

  it('is the newest where there is no plain python3', () => {
    const facts = factsOf('usr/bin/python3.9\nusr/bin/python3.11\nusr/bin/python2.7\nusr/bin/python3.12-config');
    expect(findInterpreter(facts, [], AMD64).path).toBe('/usr/bin/python3.11');
  });

  it('runs on the oldest glibc, or the usual musl, where the base tells no version', () => {
    const plain = 'usr/bin/python3.12';
    expect(findInterpreter(factsOf(plain), [], AMD64).libc).toEqual(glibc(17));
    expect(findInterpreter(factsOf(`${plain}\nlib/ld-musl-x86_64.so.1`), [], AMD64).libc.kind).toBe('musl');
  });
});

describe('a base without the interpreter', () => {
  it('is refused with where it was looked for', async () => {
    const facts = factsOf('usr/bin/python2.7\nusr/bin/python -> python2.7\nusr/bin/perl');
    const error = await expectCode(
      () => findInterpreter(facts, ['PATH=/usr/local/bin:/usr/bin'], AMD64),
      'INTERPRETER_MISSING',
    );
    expect(error.message).toBe('The base image has no Python 3 in /usr/local/bin, /usr/bin');
    expect(error.hint).toContain('base_image');
  });

  it('is refused with what is there instead', async () => {
    const error = await expectCode(() => findInterpreter(DEBIAN, [], AMD64, '3.12'), 'INTERPRETER_MISSING');
    expect(error.message).toBe('The base image has Python 3.11.2 (/usr/bin/python3.11), but python_version is 3.12');
    expect(error.hint).toContain('python:3.12-slim');
  });

  it('is refused for the wrong patch version', async () => {
    await expectCode(() => findInterpreter(OFFICIAL, [OFFICIAL_PATH], AMD64, '3.12.1'), 'INTERPRETER_MISSING');
  });

  it.each([
    { os: 'windows', architecture: 'amd64' },
    { os: 'linux', architecture: 'mips64le' },
    { os: 'linux', architecture: 'arm', variant: 'v5' },
  ])('is refused for platforms without Linux wheels: %o', async (platform) => {
    await expectCode(() => findInterpreter(OFFICIAL, [OFFICIAL_PATH], platform), 'NOT_SUPPORTED');
  });
});
