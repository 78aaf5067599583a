import { describe, expect, it } from 'vitest';
import { allowsVersion } from '../../src/python/poetry-constraint.ts';

describe("poetry's constraints", () => {
  it.each<[string, string, string]>([
    ['*', '0.1 9.9', ''],
    ['^1.2.3', '1.2.3 1.9', '1.2.2 2.0 0.9'],
    ['^0.2.3', '0.2.3 0.2.9', '0.3.0 0.2.2'],
    ['^0.0.3', '0.0.3', '0.0.4'],
    ['^0.0', '0.0.9', '0.1'],
    ['^0', '0.9', '1.0'],
    ['^3.9', '3.9 3.12.1', '4.0 3.8'],
    ['~1.2.3', '1.2.3 1.2.9', '1.3.0'],
    ['~1.2', '1.2 1.2.9', '1.3'],
    ['~1', '1.0 1.9', '2.0'],
    ['~=1.2', '1.2 1.9', '2.0'],
    ['1.2.*', '1.2 1.2.9', '1.3'],
    ['2.0', '2.0 2.0.0', '2.0.1'],
    ['=2.0', '2.0', '2.1'],
    ['>=1.5.6,<1.5.7 || >1.5.7', '1.5.6 1.5.8', '1.5.7 1.5.5'],
    ['<2 | >=3', '1.0 3.0', '2.5'],
    ['>= 2.7, !=3.0.*, !=3.1.*', '2.7 3.2', '3.0 3.1.4'],
    ['>=1.0 <2.0', '1.5', '2.0'],
    ['what', '', '1.0'],
  ])('%s', (constraint, allowed, refused) => {
    const words = (text: string): string[] => text.split(' ').filter(Boolean);
    expect(words(allowed).filter((one) => !allowsVersion(constraint, one))).toEqual([]);
    expect(words(refused).filter((one) => allowsVersion(constraint, one))).toEqual([]);
  });
});
