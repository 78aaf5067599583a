import { describe, expect, it } from 'vitest';
import type { FileEntry } from '../../src/filesystem/entry.ts';
import { directory, inlineFile, symlink } from '../../src/filesystem/entry.ts';
import type { BaseEntry, BaseFacts } from '../../src/filesystem/facts.ts';
import { EMPTY_FACTS } from '../../src/filesystem/facts.ts';
import { resolvePath } from '../../src/filesystem/resolve.ts';
import { createTree } from '../../src/filesystem/stage.ts';
import { expectCode } from '../expect-code.ts';

const DIR: BaseEntry = { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 5 };
const link = (target: string): BaseEntry => ({ ...DIR, type: 'symlink', target });

function base(entries: Readonly<Record<string, BaseEntry>>): BaseFacts {
  return { entries: new Map(Object.entries(entries)), captured: new Map() };
}

const merged = base({
  usr: DIR,
  'usr/lib': DIR,
  lib: link('usr/lib'),
  tmp: { ...DIR, mode: 0o1777 },
  'etc/f': { ...DIR, type: 'file' },
});

function staged(facts: BaseFacts, ...entries: Parameters<ReturnType<typeof createTree>['add']>[0]) {
  const tree = createTree(facts);
  tree.add(entries, 'own');
  return tree.layerEntries(['own']);
}

describe('resolvePath', () => {
  it.each([
    ['lib/x', true, 'usr/lib/x'],
    ['lib', false, 'lib'],
    ['lib', true, 'usr/lib'],
    ['lib/', false, 'lib'],
    ['../../lib/../x', true, 'usr/x'],
    ['no/such/path', true, 'no/such/path'],
    ['/usr//./lib', true, 'usr/lib'],
  ])('%s (follow %s) is %s', (path, follow, expected) => {
    expect(resolvePath(merged, path, { follow })).toBe(expected);
  });

  it('follows absolute targets from the root of the image', () => {
    expect(resolvePath(base({ a: link('/b'), b: link('c') }), 'a/x', { follow: true })).toBe('c/x');
  });

  it('refuses loops', async () => {
    await expectCode(() => resolvePath(base({ a: link('a') }), 'a/x', { follow: true }), 'ENTRY_INVALID');
  });
});

describe('createTree', () => {
  it("writes below the base's symlinks at the canonical path", () => {
    expect(staged(merged, inlineFile('lib/y', 'y')).map(({ path }) => path)).toEqual(['usr/lib/y']);
  });

  it('never makes a directory where the base has a symlink to one', () => {
    expect(staged(merged, directory('lib'), inlineFile('lib/y', 'y')).map(({ path }) => path)).toEqual([
      'usr/lib',
      'usr/lib/y',
    ]);
  });

  it('leaves out ordinary parents of the base, repeats odd ones exactly, and makes missing ones', () => {
    expect(staged(merged, inlineFile('tmp/a/f', ''), inlineFile('usr/f', ''))).toEqual([
      directory('tmp', { mode: 0o1777, mtime: 5 }),
      directory('tmp/a'),
      inlineFile('tmp/a/f', ''),
      inlineFile('usr/f', ''),
    ]);
  });

  it('follows its own symlinks too', () => {
    expect(staged(EMPTY_FACTS, symlink('lib64', 'lib'), inlineFile('lib64/x', '')).map(({ path }) => path)).toEqual([
      'lib',
      'lib/x',
      'lib64',
    ]);
  });

  it('refuses two origins with different content at one path, naming all', async () => {
    const tree = createTree(EMPTY_FACTS);
    tree.add([inlineFile('bin/tool', 'a')], 'first');
    const error = await expectCode(() => tree.add([inlineFile('bin/tool', 'b')], 'second'), 'PATH_CONFLICT');
    expect(error.message).toMatch(/\/bin\/tool.*first and second/);
  });

  it('allows equal content, and keeps it in the layer of the first', () => {
    const tree = createTree(EMPTY_FACTS);
    tree.add([inlineFile('a/__init__.py', '')], 'first');
    tree.add([inlineFile('a/__init__.py', ''), inlineFile('a/b.py', '')], 'second');
    expect(tree.layerEntries(['second']).map(({ path }) => path)).toEqual(['a', 'a/b.py']);
  });

  it('compares members of wheels by CRC and size', async () => {
    const member = (crc32: number): FileEntry => ({
      ...inlineFile('a', ''),
      content: { kind: 'range', file: `/w${crc32}`, offset: 0, length: 5, encoding: 'deflate', size: 9, crc32 },
    });
    const tree = createTree(EMPTY_FACTS);
    tree.add([member(1)], 'first');
    tree.add([{ ...member(1), content: { ...member(1).content, file: '/other' } as FileEntry['content'] }], 'second');
    await expectCode(() => tree.add([member(2)], 'third'), 'PATH_CONFLICT');
  });

  it('refuses a file where the base has a directory, and below a file of the base', async () => {
    await expectCode(() => staged(merged, inlineFile('usr', '')), 'PATH_CONFLICT');
    await expectCode(() => staged(merged, inlineFile('etc/f/x', '')), 'PATH_CONFLICT');
  });

  it("gives each layer the parents it needs, with their owner's attributes", () => {
    const tree = createTree(EMPTY_FACTS);
    tree.add([directory('venv', { mode: 0o700 })], 'skeleton');
    tree.add([inlineFile('venv/x', '')], 'one');
    expect(tree.layerEntries(['one'])).toEqual([directory('venv', { mode: 0o700 }), inlineFile('venv/x', '')]);
  });
});
