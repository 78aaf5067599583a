import { describe, expect, it } from 'vitest';
import { listPackages } from '../../src/maintscript/list-packages.ts';
import type { InstalledPackage } from '../../src/maintscript/dpkg-state.ts';
import type { Call } from '../../src/shell/program.ts';
import { NotInterpretable } from '../../src/shell/program.ts';

const installed = (name: string, version: string, architecture: string, summary: string): InstalledPackage => ({
  name,
  version,
  architecture,
  isSame: name.startsWith('lib'),
  state: 'installed',
  fields: [
    ['Package', name],
    ['Status', 'install ok installed'],
    ['Description', `${summary}\n More of it.`],
  ],
  conffiles: new Map(),
});

const PACKAGES = [
  installed('libc6', '2.36-9+deb12u14', 'amd64', 'GNU C Library: Shared libraries'),
  installed('netbase', '6.4', 'all', 'Basic TCP/IP networking system'),
];

function list(...names: string[]): { status: number; stdout: string; stderr: string } {
  let stdout = '';
  let stderr = '';
  const call = {
    argv: ['dpkg-query', '-l', ...names],
    stdout: (text: string) => void (stdout += text),
    stderr: (text: string) => void (stderr += text),
  } as unknown as Call;
  const state = {
    find: (name: string) => PACKAGES.find((one) => one.name === name),
    all: () => PACKAGES,
    filesOf: () => [],
    diversions: [],
    overrides: [],
    activate: () => undefined,
  };
  return { status: listPackages(call, state, names, (name) => name === 'lsb-base'), stdout, stderr };
}

// What dpkg-query 1.21.22 prints.
const HEAD = `Desired=Unknown/Install/Remove/Purge/Hold
| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend
|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)
`;

describe('dpkg-query --list', () => {
  it('prints a table as wide as what is in it', () => {
    expect(list('libc6').stdout).toBe(`${HEAD}||/ Name           Version         Architecture Description
+++-==============-===============-============-=================================
ii  libc6:amd64    2.36-9+deb12u14 amd64        GNU C Library: Shared libraries
`);
    expect(list('netbase', 'lsb-base').stdout).toBe(`${HEAD}||/ Name           Version      Architecture Description
+++-==============-============-============-=================================
ii  netbase        6.4          all          Basic TCP/IP networking system
un  lsb-base       <none>       <none>       (no description available)
`);
  });

  it('knows no package that nobody mentions, and no patterns', () => {
    expect(list('nothing')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'dpkg-query: no packages found matching nothing\n',
    });
    expect(() => list('lib*')).toThrow(NotInterpretable);
    expect(list().stdout.match(/^ii /gm)).toHaveLength(2);
  });
});
