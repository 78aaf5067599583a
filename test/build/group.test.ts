import { assert, constant, nat, property, record, stringMatching, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Groupable } from '../../src/build/group.ts';
import { groupPackages, unusedHints } from '../../src/build/group.ts';

const MIB = 1 << 20;
const one = (name: string, size: number): Groupable => ({ name, version: '1', size });

const packages = uniqueArray(
  record({ name: stringMatching(/^[a-z]{1,8}$/), version: constant('1'), size: nat(3 * MIB) }),
  { selector: ({ name }) => name, maxLength: 200 },
);

describe('groupPackages', () => {
  it('gives big packages a layer of their own, by name, before the shared ones', () => {
    const groups = groupPackages([one('zlib', 9 * MIB), one('tiny', 10), one('numpy', 20 * MIB)]);
    expect(groups.map((group) => group.members.map(({ name }) => name))).toEqual([['numpy'], ['zlib'], ['tiny']]);
  });

  it('puts together what the user names, on top and in their order', () => {
    const list = ['a', 'torch', 'nvidia-x', 'nvidia-y', 'my-model'].map((name) => one(name, 2 * MIB));
    const groups = groupPackages(list, [['My.Model'], ['nosuch'], ['torch', 'NVIDIA_*']]);
    expect(groups.map(({ members }) => members.map(({ name }) => name))).toEqual([
      ['a'],
      ['my-model'],
      ['nvidia-x', 'nvidia-y', 'torch'],
    ]);
  });

  it('tells names that fit nothing', () => {
    expect(
      unusedHints(
        ['torch', 'numpy'],
        [
          ['to*', 'num'],
          ['NumPy', '*x'],
        ],
      ),
    ).toEqual(['num', '*x']);
  });

  it('keeps every package exactly once, in few layers', () => {
    assert(
      property(packages, (list) => {
        const groups = groupPackages(list);
        const names = groups.flatMap(({ members }) => members.map(({ name }) => name));
        expect(names.sort()).toEqual(list.map(({ name }) => name).sort());
        expect(groups.length).toBeLessThanOrEqual(68);
      }),
    );
  });

  it('does not depend on the order of packages', () => {
    assert(
      property(packages, (list) => {
        expect(groupPackages(list)).toEqual(groupPackages(list.toReversed()));
      }),
    );
  });

  it('moves one layer when one small package changes', () => {
    const small = Array.from({ length: 40 }, (_, i) => one(`p${i}`, 1000));
    const before = groupPackages(small);
    const after = groupPackages(small.with(7, { ...small[7]!, version: '2' }));
    const moved = after.filter((group, i) => JSON.stringify(group.members) !== JSON.stringify(before[i]?.members));
    expect(moved).toHaveLength(1);
  });
});
