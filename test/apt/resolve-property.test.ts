import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isImageSpecError } from '../../src/core/error.ts';
import type { Candidate } from '../../src/deb/package.ts';
import { makeIndex, resolveIn } from './make-index.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;

/** Small worlds: six packages, two virtual names, dependencies and conflicts at random. */
const world = fc
  .tuple(
    ...NAMES.map((name) =>
      fc
        .record({
          depends: fc.array(fc.array(fc.constantFrom(...NAMES, 'v', 'w'), { minLength: 1, maxLength: 3 }), {
            maxLength: 3,
          }),
          preDepends: fc.array(fc.constantFrom(...NAMES), { maxLength: 1 }),
          conflicts: fc.array(fc.constantFrom(...NAMES, 'v'), { maxLength: 1 }),
          provides: fc.array(fc.constantFrom('v', 'w'), { maxLength: 1 }),
        })
        .map(({ depends, preDepends, conflicts, provides }) =>
          [
            `${name} 1`,
            `Depends: ${depends.map((group) => group.join(' | ')).join(', ')}`,
            `Pre-Depends: ${preDepends.join(', ')}`,
            `Conflicts: ${conflicts.join(', ')}`,
            `Provides: ${provides.join(', ')}`,
          ].join('; '),
        ),
    ),
  )
  .map((lines) => lines.join('\n'));

const wants = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 });

function bears({ name, provides }: Candidate, wanted: string): boolean {
  return name === wanted || provides.some((provided) => provided.name === wanted);
}

function isConsistent(packages: readonly Candidate[]): boolean {
  return packages.every(
    (one) =>
      [...one.preDepends, ...one.depends].every((group) =>
        group.some(({ name }) => packages.some((other) => bears(other, name))),
      ) && one.conflicts.every(({ name }) => !packages.some((other) => other !== one && bears(other, name))),
  );
}

/** Whether any set of packages that has the wanted ones is consistent. */
function hasSolution(index: string, wanted: readonly string[]): boolean {
  const { versions } = makeIndex(index);
  const all = NAMES.flatMap((name) => versions(name));
  const subsets = Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((__, i) => (bits >> i) % 2 === 1));
  return subsets.some((set) => wanted.every((name) => set.some((one) => one.name === name)) && isConsistent(set));
}

describe('a resolution', () => {
  it('is consistent, and there is one whenever there can be', () => {
    fc.assert(
      fc.property(world, wants, (index, wanted) => {
        try {
          const packages = resolveIn({ index }, wanted.join(' ')).install.map(({ candidate }) => candidate);
          expect(isConsistent(packages)).toBe(true);
          expect(packages.map(({ name }) => name)).toEqual(expect.arrayContaining(wanted));
        } catch (error) {
          if (!isImageSpecError(error)) throw error;
          expect(error.code).toBe('PACKAGES_CONFLICT');
          expect(error.issues.length).toBeGreaterThan(0);
          expect(hasSolution(index, wanted), `a solution for ${wanted.join(' ')} in\n${index}`).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has every package once, and after what it pre-depends on unless that goes round', () => {
    const acyclic = world.map((text) =>
      text.replaceAll(/^(\w) 1(.*)Pre-Depends: (\w?)/gm, (line, name: string, rest: string, to: string) =>
        to > name ? line : `${name} 1${rest}Pre-Depends: `,
      ),
    );
    fc.assert(
      fc.property(acyclic, wants, (index, wanted) => {
        try {
          const packages = resolveIn({ index }, wanted.join(' ')).install.map(({ candidate }) => candidate);
          const names = packages.map(({ name }) => name);
          expect(new Set(names).size).toBe(names.length);
          packages.forEach(({ preDepends }, at) => {
            for (const [relation] of preDepends) expect(names.indexOf(relation?.name ?? '')).toBeLessThan(at);
          });
        } catch (error) {
          if (!isImageSpecError(error)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});
