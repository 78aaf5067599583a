import { chmod, link, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { compareTrees, snapshot } from '../../src/sandbox/tree-changes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-changes-'));
  for (const name of ['a', 'a/deep', 'b', 'dev']) await mkdir(join(folder, name));
  for (const name of ['a/x', 'a/y', 'a/deep/z', 'b/x', 'file']) await writeFile(join(folder, name), name);
  await symlink('file', join(folder, 'link'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const look = () => snapshot(createContext(), folder, new Set(['dev']));
const at = (path: string): string => join(folder, path);

/** Times of changes are as fine as the kernel's clock ticks. */
const TICK_MS = 20;

async function changes(work: () => Promise<void>): Promise<{ present: readonly string[]; removed: readonly string[] }> {
  const before = await look();
  await sleep(TICK_MS);
  await work();
  const { present, removed } = compareTrees(before, await look());
  return { present, removed: [...removed].sort() };
}

describe('compareTrees', () => {
  it('finds nothing where nothing was done, and nothing in what is covered', async () => {
    expect(await changes(() => writeFile(at('dev/x'), 'x'))).toEqual({ present: [''], removed: [] });
  });

  it('finds what is new or touched, with the directories above it', async () => {
    const { present, removed } = await changes(async () => {
      await writeFile(at('a/deep/new'), '');
      await writeFile(at('a/x'), 'A/X');
      await link(at('b/x'), at('other'));
      await rm(at('link'));
      await symlink('b', at('link'));
    });
    expect(present).toEqual(['', 'a', 'a/deep', 'a/deep/new', 'a/x', 'b', 'b/x', 'link', 'other']);
    expect(removed).toEqual([]);
  });

  it('finds what was changed and changed back', async () => {
    const { present } = await changes(async () => {
      await chmod(at('a/x'), 0o600);
      await chmod(at('a/x'), 0o644);
      await utimes(at('file'), 1, 1);
    });
    expect(present).toEqual(['', 'a', 'a/x', 'file']);
  });

  it('names what is gone once, and not what went with it or gave place', async () => {
    const { present, removed } = await changes(async () => {
      await rm(at('a'), { recursive: true });
      await rm(at('b'), { recursive: true });
      await writeFile(at('b'), '');
      await rm(at('file'));
      await mkdir(at('file'));
    });
    expect(present).toEqual(['', 'b', 'file']);
    expect(removed).toEqual(['a']);
  });

  it('knows files by more than their names', async () => {
    const { present, removed } = await changes(async () => {
      await rename(at('a'), at('t'));
      await rename(at('b'), at('a'));
      await rename(at('t'), at('b'));
    });
    expect(present).toEqual(['', 'a', 'a/x', 'b', 'b/deep', 'b/deep/z', 'b/x', 'b/y']);
    expect(removed).toEqual(['a/deep', 'a/y']);
  });

  it('tells paths in the order in which tar walks', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '!', '\xff'), minLength: 1, maxLength: 3 });
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.array(path), (paths) => {
        const after = new Map(paths.map((one) => [one, { isDirectory: true, text: one }]));
        const { present } = compareTrees(new Map(), after);
        const parts = present.map((one) => one.split('/'));
        for (const [index, one] of parts.entries()) {
          const next = parts[index + 1];
          const first = one.findIndex((part, at) => part !== next?.[at]);
          if (next && index > 0) expect(first === -1 ? '' : one[first]! < next[first]!).not.toBe(false);
        }
        for (const one of paths) expect(present).toContain(one.slice(0, Math.max(0, one.lastIndexOf('/'))));
      }),
    );
  });
});
