import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, isVersion, satisfies } from '../../src/deb/version.ts';

/** Groups of equal versions, as dpkg orders them. */
const ASCENDING: readonly (readonly string[])[] = [
  ['0~~'],
  ['0~~a'],
  ['0~'],
  ['0', '0-0', '00', '0:0'],
  ['0a'],
  ['0+'],
  ['0.0~rc1'],
  ['0.', '0.0', '0.00-0'],
  ['1.0~beta1~svn1245'],
  ['1.0~beta1'],
  ['1.0', '1.0-0', '01.0'],
  ['1.0-1'],
  ['1.0-1+b1'],
  ['1.0-1+deb12u1'],
  ['1.0-1.1'],
  ['1.0-9'],
  ['1.0-10'],
  ['1.0a-1'],
  ['1.0+dfsg-1'],
  ['1.0-1-1'],
  ['1.0.1-1'],
  ['1.9'],
  ['1.10'],
  ['1.99999999999999999999'],
  ['1.100000000000000000000'],
  ['20230101120000'],
  ['1:0.1'],
  ['1:0.1:2-1'],
  ['2:0~'],
  ['2147483647:1'],
];

const RANKED = ASCENDING.flatMap((group, rank) => group.map((version) => ({ version, rank })));

describe('versions', () => {
  it('are compared as dpkg compares them', () => {
    for (const a of RANKED) {
      for (const b of RANKED) {
        const expected = Math.sign(a.rank - b.rank);
        expect(Math.sign(compareVersions(a.version, b.version)), `${a.version} to ${b.version}`).toBe(expected);
      }
    }
  });

  it('are told from other texts', () => {
    expect(RANKED.filter(({ version }) => !isVersion(version))).toEqual([]);
    const others = ['', 'a', '1 ', '1.0-', '1:', ':1', 'a:1', '1:a', '-1', '1_2', '1.0-1:2', '2147483648:1', '1:2-3:4'];
    expect(others.filter(isVersion)).toEqual([]);
  });

  it('have a total order', () => {
    const text = fc
      .string({ unit: fc.constantFrom('a', 'Z', '0', '1', '9', '~', '+', '.', '-'), maxLength: 8 })
      .map((tail) => `1${tail}`);
    const version = text.filter(isVersion);
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
        if (compareVersions(a, b) === 0)
          expect(Math.sign(compareVersions(a, c))).toBe(Math.sign(compareVersions(b, c)));
      }),
    );
  });

  it('satisfy relations', () => {
    const holds = (['<<', '<=', '=', '>=', '>>'] as const).map((sign) =>
      ['1.0~rc1', '1.0-0', '1.1'].map((version) => satisfies(version, sign, '1.0')),
    );
    expect(holds).toEqual([
      [true, false, false],
      [true, true, false],
      [false, true, false],
      [false, true, true],
      [false, false, true],
    ]);
  });
});
