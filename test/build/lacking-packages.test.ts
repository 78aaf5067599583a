import { describe, expect, it } from 'vitest';
import type { DebianWants } from '../../src/build/inputs.ts';
import { lackingPackages } from '../../src/build/lacking-packages.ts';
import type { Candidate } from '../../src/deb/package.ts';

interface Row {
  readonly name: string;
  readonly version: string;
  readonly pin?: number;
}

const indexOf = (rows: readonly Row[]) => ({
  versions: (name: string) => rows.filter((row) => row.name === name).map((row) => ({ pin: 500, ...row }) as Candidate),
});

const BOOKWORM = indexOf([
  { name: 'python3', version: '3.11.2-1+b1' },
  { name: 'python3.11', version: '3.11.2-6+deb12u6' },
  { name: 'python3.12', version: '3.12.1-1' },
  { name: 'python3.13', version: '3.13.0~rc2-1', pin: 1 },
  { name: 'python3', version: '3.13.1-2', pin: 1 },
  { name: 'ca-certificates', version: '20230311' },
]);

const WANTS = { packages: ['tool'], essential: false };
const words = (wants: Partial<DebianWants>, chosen: readonly Row[] = [], index = BOOKWORM): string[] =>
  lackingPackages(chosen, index, { ...WANTS, ...wants });

describe('lackingPackages', () => {
  it.each<[string | undefined, string[]]>([
    [undefined, ['python3']],
    ['3.11', ['python3.11', 'python3']],
    ['3.11.2', ['python3.11', 'python3']],
    ['3.11.4', []],
    ['3.12', ['python3.12']],
    ['3.13', ['python3.13']],
    ['3.10', []],
  ])('of Python %s are %j', (version, expected) => {
    expect(words({ python: { version } })).toEqual(expected);
  });

  it('are of the version that is written, where a newer one is there too', () => {
    const index = indexOf([
      { name: 'python3.11', version: '3.11.2-6' },
      { name: 'python3.11', version: '3.11.9-1' },
    ]);
    expect(words({ python: { version: '3.11.2' } }, [], index)).toEqual(['python3.11=3.11.2-6']);
    expect(words({ python: { version: '3.11' } }, [], index)).toEqual(['python3.11']);
    expect(words({ python: { version: undefined } }, [], index)).toEqual([]);
  });

  it('are none where the wanted ones bring a Python that fits', () => {
    const minimal = [{ name: 'python3.11-minimal', version: '3.11.2-6' }];
    expect(words({ python: { version: undefined } }, minimal)).toEqual([]);
    expect(words({ python: { version: '3.11' } }, minimal)).toEqual([]);
    expect(words({ python: { version: '3.12' } }, minimal)).toEqual(['python3.12']);
  });

  it('are certificate authorities too, unless they come anyway, nobody has them, or nothing else is of Debian', () => {
    const certificates = true;
    expect(words({ certificates })).toEqual(['ca-certificates']);
    expect(words({ certificates, python: { version: '3.12' } })).toEqual(['python3.12', 'ca-certificates']);
    expect(words({ certificates }, [{ name: 'ca-certificates', version: '1' }])).toEqual([]);
    expect(words({ certificates }, [], indexOf([]))).toEqual([]);
    expect(words({ certificates, packages: [], python: { version: '3.9' } })).toEqual([]);
    expect(words({ certificates, packages: [], essential: true })).toEqual(['ca-certificates']);
    expect(words({ certificates, packages: [], python: { version: '3.12' } })).toHaveLength(2);
  });
});
