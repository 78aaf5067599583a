import { describe, expect, it } from 'vitest';
import { directory, inlineFile, symlink } from '../../src/filesystem/entry.ts';
import type { BaseEntry, BaseFacts } from '../../src/filesystem/facts.ts';
import { createTree } from '../../src/filesystem/stage.ts';
import { entriesOf, factsOf } from '../../src/filesystem/tree-entries.ts';
import type { FileErrorCode } from '../../src/filesystem/writable-tree.ts';
import { FileError, WritableTree } from '../../src/filesystem/writable-tree.ts';

const NOW = 1000;
const plain = { mode: 0o755, uid: 0, gid: 0, mtime: 5 };
const file = (size: number, more: Partial<BaseEntry> = {}): BaseEntry => ({
  ...plain,
  mode: 0o644,
  type: 'file',
  size,
  ...more,
});
const folder: BaseEntry = { ...plain, type: 'directory' };

const FACTS: BaseFacts = {
  entries: new Map<string, BaseEntry>([
    ['usr', folder],
    ['usr/bin', folder],
    ['bin', { ...plain, mode: 0o777, type: 'symlink', target: 'usr/bin' }],
    ['usr/bin/sh', file(4)],
    ['usr/bin/dash', file(4, { type: 'hardlink', target: 'usr/bin/sh' })],
    ['etc', folder],
    ['etc/hosts', file(3)],
    ['etc/old', folder],
    ['etc/old/a', file(1)],
  ]),
  captured: new Map([['etc/hosts', new TextEncoder().encode('one')]]),
};

function treeOf(facts: BaseFacts = FACTS): WritableTree {
  return new WritableTree({
    facts,
    now: NOW,
    readRange: () => {
      throw new Error('no ranges here');
    },
  });
}

function expectFileError(work: () => unknown, code: FileErrorCode): void {
  let caught: unknown;
  try {
    work();
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(FileError);
  expect((caught as FileError).code).toBe(code);
}

describe('WritableTree', () => {
  it('shows the base through its symlinks', () => {
    const tree = treeOf();
    expect(tree.resolve('/bin/../bin/sh')).toBe('usr/bin/sh');
    expect(tree.get('/bin/sh')?.type).toBe('file');
    expect(tree.get('/bin', false)?.type).toBe('symlink');
    expect([tree.list('/'), tree.list('bin')]).toEqual([
      ['bin', 'etc', 'usr'],
      ['dash', 'sh'],
    ]);
    expect(tree.readText('etc/hosts')).toBe('one');
    expect(tree.changes().size).toBe(0);
  });

  it('knows what the kernel would say', () => {
    const tree = treeOf();
    expectFileError(() => tree.read('/nowhere'), 'ENOENT');
    expectFileError(() => tree.read('/etc'), 'EISDIR');
    expectFileError(() => tree.list('/etc/hosts'), 'ENOTDIR');
    expectFileError(() => tree.write('/nowhere/x', ''), 'ENOENT');
    expectFileError(() => tree.write('/etc', ''), 'EISDIR');
    expectFileError(() => tree.makeDirectory('/etc'), 'EEXIST');
    expectFileError(() => tree.makeDirectories('/etc/hosts/x'), 'EEXIST');
    expectFileError(() => tree.remove('/etc'), 'ENOTEMPTY');
    expectFileError(() => tree.remove('/x'), 'ENOENT');
    expectFileError(() => tree.symlink('/bin', 'x'), 'EEXIST');
    expectFileError(() => tree.rename('/etc', '/etc/old/b'), 'EINVAL');
    expectFileError(() => tree.rename('/etc/hosts', '/usr'), 'EISDIR');
    expectFileError(() => tree.place(inlineFile('usr/bin', 'x')), 'EISDIR');
    expect(tree.changes().size).toBe(0);
  });

  it('does not invent bytes that only the base has', () => {
    const tree = treeOf();
    expectFileError(() => tree.read('/bin/sh'), 'UNREADABLE');
    expectFileError(() => tree.setAttributes('/bin/sh', { mode: 0o700 }), 'UNREADABLE');
    expectFileError(() => tree.rename('/bin/sh', '/bin/bash'), 'UNREADABLE');
    expect(tree.changes().size).toBe(0);
  });

  it('writes as a shell does: attributes and other names of a file stay', () => {
    const tree = treeOf();
    tree.write('/etc/a', 'x', { mode: 0o600, uid: 7 });
    tree.link('/etc/a', '/etc/b');
    tree.write('/etc/b', 'yy');
    expect(tree.readText('/etc/a')).toBe('yy');
    expect(tree.get('/etc/a')).toMatchObject({ mode: 0o600, uid: 7, mtime: NOW });
    tree.setAttributes('/etc/a', { gid: 9 });
    expect(tree.get('/etc/b')?.gid).toBe(9);
  });

  it('follows a symlink when it writes, and not when it places', () => {
    const tree = treeOf();
    tree.symlink('/etc/link', 'hosts');
    tree.write('/etc/link', 'two');
    expect(tree.readText('/etc/hosts')).toBe('two');
    tree.place(inlineFile('etc/link', 'three'));
    expect([tree.readText('/etc/hosts'), tree.readText('/etc/link')]).toEqual(['two', 'three']);
  });

  it('renames folders with all that is in them', () => {
    const tree = treeOf();
    tree.makeDirectories('/srv/a/b');
    tree.write('/srv/a/b/c', 'x');
    tree.rename('/srv/a', '/srv/z');
    expect([tree.list('/srv'), tree.readText('/srv/z/b/c')]).toEqual([['z'], 'x']);
  });

  it('goes back to a savepoint, also from within another', () => {
    const tree = treeOf();
    tree.write('/etc/a', '1');
    const outer = tree.savepoint();
    tree.write('/etc/a', '2');
    const inner = tree.savepoint();
    tree.removeAll('/etc/old');
    tree.write('/etc/new', 'x');
    inner.undo();
    expect([tree.list('/etc'), tree.list('/etc/old'), tree.readText('/etc/a')]).toEqual([
      ['a', 'hosts', 'old'],
      ['a'],
      '2',
    ]);
    const kept = tree.savepoint();
    tree.remove('/etc/hosts');
    kept.keep();
    expect(tree.get('/etc/hosts')).toBeUndefined();
    outer.undo();
    expect([tree.list('/etc'), tree.readText('/etc/a')]).toEqual([['a', 'hosts', 'old'], '1']);
    expect([...tree.changes().keys()]).toEqual(['etc/a']);
  });
});

describe('entriesOf', () => {
  it('gives changes to a layer: files, links of one file, and one whiteout for a folder', () => {
    const tree = treeOf();
    tree.write('/etc/b', 'x');
    tree.link('/etc/b', '/etc/a');
    tree.removeAll('/etc/old');
    tree.makeDirectory('/srv', { mode: 0o700 });
    expect(entriesOf(tree.changes())).toEqual([
      expect.objectContaining({ type: 'file', path: 'etc/a' }),
      expect.objectContaining({ type: 'hardlink', path: 'etc/b', target: 'etc/a' }),
      { type: 'whiteout', path: 'etc/old' },
      expect.objectContaining({ type: 'directory', path: 'srv', mode: 0o700 }),
    ]);
  });

  it('leaves out what was made and removed again, and whiteouts below what is replaced', () => {
    const tree = treeOf();
    tree.write('/etc/temporary', 'x');
    tree.remove('/etc/temporary');
    tree.removeAll('/etc/old');
    tree.write('/etc/old', 'now a file');
    expect(entriesOf(tree.changes()).map(({ type, path }) => `${type} ${path}`)).toEqual(['file etc/old']);
  });
});

describe('factsOf', () => {
  it('makes the tree a base that a further tree can be laid over', () => {
    const tree = treeOf();
    tree.place(directory('opt'));
    tree.place(symlink('opt/sh', '/bin/sh'));
    tree.write('/etc/passwd', 'root:x:0:0::/:/bin/sh\n');
    tree.link('/etc/passwd', '/etc/passwd-');
    tree.remove('/etc/hosts');
    const facts = factsOf(tree, FACTS, (path) => (path.startsWith('etc/') ? 100 : undefined));
    expect(facts.entries.has('etc/hosts')).toBe(false);
    expect([...facts.captured.keys()].sort()).toEqual(['etc/passwd', 'etc/passwd-']);
    expect(facts.entries.get('etc/passwd-')).toMatchObject({ type: 'hardlink', target: 'etc/passwd' });
    const over = createTree(facts);
    over.add([inlineFile('opt/sh/../tool', 'x')], 'tool');
    expect(over.layerEntries(['tool']).map(({ path }) => path)).toEqual(['usr/bin/tool']);
    const again = treeOf(facts);
    expect([again.readText('/etc/passwd-'), again.resolve('/opt/sh')]).toEqual([
      'root:x:0:0::/:/bin/sh\n',
      'usr/bin/sh',
    ]);
  });
});
