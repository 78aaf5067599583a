import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { areSpecifiers, compareVersions, isVersion, satisfies } from '../../src/python/version.ts';

interface Vectors {
  readonly versions: readonly string[];
  /** Groups of equal versions. */
  readonly ascending: readonly (readonly string[])[];
  readonly fitting: Readonly<Record<string, readonly string[]>>;
  readonly invalid: readonly string[];
}

const FILE = join(import.meta.dirname, '../../fixtures/python/versions.json');
const vectors = JSON.parse(readFileSync(FILE, 'utf8')) as Vectors;

describe('versions', () => {
  it('are compared as packaging compares them', () => {
    const ranked = vectors.ascending.flatMap((group, rank) => group.map((version) => ({ version, rank })));
    for (const a of ranked) {
      for (const b of ranked) {
        expect(Math.sign(compareVersions(a.version, b.version)), `${a.version} to ${b.version}`).toBe(
          Math.sign(a.rank - b.rank),
        );
      }
    }
  });

  it('are told from other texts', () => {
    expect(vectors.versions.every(isVersion)).toBe(true);
    expect(['', 'latest', '1.0-', '1..0', '1.0 ', '>=1.0'].filter(isVersion)).toEqual([]);
  });
});

describe('specifiers', () => {
  it.each(Object.entries(vectors.fitting))('fit as in packaging: %s', (specifiers, fitting) => {
    expect(areSpecifiers(specifiers)).toBe(true);
    expect(vectors.versions.filter((version) => satisfies(version, specifiers))).toEqual(fitting);
  });

  it.each(vectors.invalid)('are refused: %s', (text) => {
    expect(areSpecifiers(text)).toBe(false);
    expect(satisfies('1.0', text)).toBe(false);
  });

  it('fit no text that is not a version, but for ===', () => {
    expect(satisfies('latest', '>=1')).toBe(false);
    expect(satisfies('latest', '===LATEST')).toBe(true);
  });
});
