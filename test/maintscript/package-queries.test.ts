import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../src/deb/version.ts';
import type { InstalledPackage } from '../../src/maintscript/dpkg-state.ts';
import { dpkg, dpkgQuery } from '../../src/maintscript/package-queries.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { makeState, makeTree, recordCall } from './staged-tree.ts';

const make = (
  name: string,
  version: string,
  fields: readonly (readonly [string, string])[],
  conffiles: readonly (readonly [string, string])[] = [],
): InstalledPackage => ({
  name,
  version,
  architecture: 'amd64',
  isSame: name === 'libc6',
  state: 'installed',
  fields: [
    ['Package', name],
    ['Status', 'install ok installed'],
    ['Architecture', 'amd64'],
    ['Version', version],
    ...fields,
    ['Description', 'x'],
  ],
  conffiles: new Map(conffiles),
});

const LIBC = make(
  'libc6',
  '2.36-9+deb12u14',
  [['Multi-Arch', 'same']],
  [
    ['/etc/ld.so.conf.d/x86_64-linux-gnu.conf', 'd4e7a7b88a71b5ffd9e2644e71a0cfab'],
    ['/etc/other.conf', '0'],
  ],
);
const TAR = make('tar', '1.34', [['Suggests', 'netbase (>= 1), bzip2']]);
const FILES: Readonly<Record<string, readonly string[]>> = {
  'libc6:amd64': ['/usr', '/usr/lib'],
  tar: ['/usr', '/bin/tar', '/usr/share/doc/tar'],
};

const queries = {
  state: { ...makeState([LIBC, TAR]), filesOf: (name: string) => FILES[name] ?? [] },
  nativeArchitecture: 'amd64',
  compareVersions,
};

function ask(...argv: string[]): { status: number; out: string; error: string } {
  const { call, printed } = recordCall(makeTree({ '/etc': '/' }), argv);
  const status = (argv[0] === 'dpkg' ? dpkg(queries) : dpkgQuery(queries))(call);
  return { status, ...printed };
}

// What dpkg-query of dpkg 1.21.22 prints.
describe('dpkg-query --show', () => {
  it.each([
    [
      '${binary:Package}|${Version}|${Status}|${db:Status-Abbrev}|${db:Status-Want}|${db:Status-Status}|${db:Status-Eflag}',
      'libc6:amd64|2.36-9+deb12u14|install ok installed|ii |install|installed|ok',
      'libc6',
    ],
    [
      '${binary:Package}|${Version}|${Status}|${db:Status-Abbrev}|${db:Status-Eflag}',
      'netbase||unknown ok not-installed|un |ok',
      'netbase',
    ],
    [
      '${Conffiles}',
      ' /etc/ld.so.conf.d/x86_64-linux-gnu.conf d4e7a7b88a71b5ffd9e2644e71a0cfab\n /etc/other.conf 0',
      'libc6',
    ],
    ['${Conffiles}', '', 'tar'],
    ['${Nope}x\\t\\\\y', 'x\t\\y', 'tar'],
    ['${Multi-Arch} ${Architecture}', 'same amd64', 'libc6:amd64'],
    ['${multi-arch}', 'no', 'tar'],
  ])('%s', (format, out, name) => {
    expect(ask('dpkg-query', '-W', '-f', format, name)).toEqual({ status: 0, out, error: '' });
    expect(ask('dpkg-query', '--show', `--showformat=${format}`, name).out).toBe(out);
    expect(ask('dpkg-query', '-W', `-f=${format}`, name).out).toBe(out);
  });

  it('goes by names', () => {
    expect(ask('dpkg-query', '-W', 'tar', 'nosuch', 'libc6')).toEqual({
      status: 1,
      out: 'libc6:amd64\t2.36-9+deb12u14\ntar\t1.34\n',
      error: 'dpkg-query: no packages found matching nosuch\n',
    });
    expect(ask('dpkg-query', '-W').out).toBe('libc6:amd64\t2.36-9+deb12u14\ntar\t1.34\n');
  });

  it.each(['${Package;10}', '${source:Package}'])('refuses %s', (format) => {
    expect(() => ask('dpkg-query', '-W', '-f', format, 'tar')).toThrow(NotInterpretable);
  });
});

describe('dpkg', () => {
  it('knows files and their owners', () => {
    expect(ask('dpkg', '-S', '/bin/tar').out).toBe('tar: /bin/tar\n');
    expect(ask('dpkg', '-S', '/usr/share/doc/tar/').out).toBe('tar: /usr/share/doc/tar\n');
    expect(ask('dpkg-query', '--search', '/usr/bin/nosuch')).toEqual({
      status: 1,
      out: '',
      error: 'dpkg-query: no path found matching pattern /usr/bin/nosuch\n',
    });
    expect(() => ask('dpkg', '-S', '/usr')).toThrow(NotInterpretable);
    expect(ask('dpkg', '-L', 'tar').out).toBe('/.\n/usr\n/bin/tar\n/usr/share/doc/tar\n');
    expect(ask('dpkg', '-L', 'nosuch')).toMatchObject({
      status: 1,
      error:
        "dpkg-query: package 'nosuch' is not installed\nUse dpkg --contents (= dpkg-deb --contents) to list archive files contents.\n",
    });
  });

  it('shows a stanza, with its configuration files before the description', () => {
    expect(ask('dpkg', '-s', 'libc6').out).toBe(`Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u14
Multi-Arch: same
Conffiles:
 /etc/ld.so.conf.d/x86_64-linux-gnu.conf d4e7a7b88a71b5ffd9e2644e71a0cfab
 /etc/other.conf 0
Description: x

`);
    expect(ask('dpkg', '-s', 'nosuch').status).toBe(1);
  });

  it('knows its architecture and what it can do', () => {
    expect(ask('dpkg', '--print-architecture').out).toBe('amd64\n');
    expect(ask('dpkg', '--print-foreign-architectures')).toEqual({ status: 0, out: '', error: '' });
    expect(ask('dpkg', '--assert-multi-arch').status).toBe(0);
    expect(() => ask('dpkg', '--configure', '-a')).toThrow(NotInterpretable);
  });

  // Statuses for 1 and 2, 2 and 2, 3 and 2, none and 2, none and none, 2 and none.
  it.each([
    ['lt', '011011'],
    ['le', '001001'],
    ['eq', '101101'],
    ['ne', '010010'],
    ['ge', '100100'],
    ['gt', '110110'],
    ['lt-nl', '011110'],
    ['le-nl', '001100'],
    ['ge-nl', '100001'],
    ['gt-nl', '110011'],
    ['<', '001001'],
    ['<<', '011011'],
    ['<=', '001001'],
    ['=', '101101'],
    ['>', '100100'],
    ['>=', '100100'],
    ['>>', '110110'],
  ])('--compare-versions with %s', (operator, statuses) => {
    const pairs = [
      ['1', '2'],
      ['2', '2'],
      ['3', '2'],
      ['', '2'],
      ['', ''],
      ['2', ''],
    ] as const;
    const found = pairs.map(([a, b]) => ask('dpkg', '--compare-versions', a, operator, b).status).join('');
    // dpkg 1.21.22, whose answers stand here.
    expect(found).toBe(statuses);
  });

  it('refuses an operator that does not exist', () => {
    expect(() => ask('dpkg', '--compare-versions', '1', 'lte', '2')).toThrow(NotInterpretable);
  });
});
