import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry, HardlinkEntry, WhiteoutEntry } from '../../src/filesystem/entry.ts';
import { directory, inlineFile, symlink } from '../../src/filesystem/entry.ts';
import { orderEntries } from '../../src/layer/order.ts';
import { expectCode } from '../expect-code.ts';
import { comparePaths, rangeFile } from './layer-fixture.ts';

const hardlink = (path: string, target: string, more: Partial<HardlinkEntry> = {}): HardlinkEntry => ({
  type: 'hardlink',
  path,
  target,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  ...more,
});
const whiteout = (path: string): WhiteoutEntry => ({ type: 'whiteout', path });
const names = (entries: readonly Entry[]): string[] => orderEntries(entries).map(({ header }) => header.name);

describe('orderEntries', () => {
  test('puts a directory before what it holds, and names in the order of their bytes', () => {
    const entries = ['b', 'a-b', 'a/c', 'a.b', 'ä', 'Z', '\u{1f680}', '\uffee'].map((path) => inlineFile(path, ''));
    expect(names([...entries, directory('a')])).toEqual([
      'Z',
      'a/',
      'a/c',
      'a-b',
      'a.b',
      'b',
      'ä',
      '\uffee',
      '\u{1f680}',
    ]);
  });

  test('orders by the bytes of names, whatever they are', () => {
    const path = fc.array(fc.stringMatching(/^[!-.0-~ä🚀\uffee]{1,3}$/u), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.uniqueArray(path, { selector: (parts) => parts.join('/') }), (paths) => {
        const entries = paths.map((parts) => directory(parts.map((part) => `${part}x`).join('/')));
        expect(names(entries)).toEqual(
          entries
            .map((entry) => entry.path)
            .sort(comparePaths)
            .map((sorted) => `${sorted}/`),
        );
      }),
    );
  });

  test('puts whiteouts before their siblings, as empty files', () => {
    const members = orderEntries([inlineFile('d/!', ''), whiteout('d/z'), directory('d'), whiteout('gone')]);
    expect(members.map(({ header }) => header.name)).toEqual(['.wh.gone', 'd/', 'd/.wh.z', 'd/!']);
    expect(members[0]!.header).toMatchObject({ type: 'file', size: 0, mode: 0o644, uid: 0, gid: 0, mtime: 0 });
  });

  test('gives the content to the first name of a file, and its attributes to all', () => {
    const file = inlineFile('m', 'content', { mode: 0o4755, uid: 5, xattrs: { 'user.a': 'eA==' } });
    const members = orderEntries([file, hardlink('z', 'm'), hardlink('a', 'm', { mode: 0 })]);
    expect(
      members.map(({ header, content }) => [header.name, header.type, header.linkName, content !== undefined]),
    ).toEqual([
      ['a', 'file', '', true],
      ['m', 'hardlink', 'a', false],
      ['z', 'hardlink', 'a', false],
    ]);
    for (const { header } of members)
      expect(header).toMatchObject({ mode: 0o4755, uid: 5, xattrs: { 'user.a': 'eA==' } });
  });

  test.each<[string, Entry[]]>([
    ['two files', [inlineFile('a', ''), inlineFile('a', '')]],
    ['a file and a directory', [directory('a'), inlineFile('a', '')]],
    ['two whiteouts', [whiteout('a'), whiteout('a')]],
    ['a whiteout and a file', [whiteout('a/b'), inlineFile('a/b', '')]],
    ['a whiteout and something below it', [whiteout('a'), inlineFile('a/b/c', '')]],
    ['a whiteout and a whiteout below it', [whiteout('a'), whiteout('a/b')]],
    ['something below a file', [inlineFile('a', ''), inlineFile('a/b', '')]],
    ['something below a symlink', [symlink('a', 'b'), directory('a/b/c')]],
    ['a whiteout below a file', [inlineFile('a', ''), whiteout('a/b')]],
  ])('refuses %s for one path', async (_, entries) => {
    const { facts } = await expectCode(() => orderEntries(entries), 'PATH_CONFLICT');
    expect(facts['path']).toMatch(/^a/);
  });

  const file = (path: string): Entry => inlineFile(path, '');
  const range = { kind: 'range', file: '/f', offset: 0, length: 1, size: 1, encoding: 'identity' } as const;
  test.each<[string, Entry]>([
    ['no path', file('')],
    ['an absolute path', file('/a')],
    ['a trailing slash', directory('a/')],
    ['an empty name', file('a//b')],
    ['a dot', file('./a')],
    ['dots', file('a/../b')],
    ['a NUL', file('a\0b')],
    ['half a surrogate pair', file('a\ud800')],
    ['a name like a whiteout', file('a/.wh.b')],
    ['a parent like a whiteout', file('.wh.a/b')],
    ['a whiteout of a whiteout', whiteout('.wh.a')],
    ['a name over 255 bytes', file(`ä${'n'.repeat(254)}`)],
    ['a path over 4095 bytes', file('n/'.repeat(2048).slice(0, -1) + 'nn')],
    ['a mode over 7777', inlineFile('a', '', { mode: 0o10000 })],
    ['a negative mode', inlineFile('a', '', { mode: -1 })],
    ['a fractional owner', inlineFile('a', '', { uid: 0.5 })],
    ['the owner -1', inlineFile('a', '', { gid: 0xffff_ffff })],
    ['no time', inlineFile('a', '', { mtime: Number.NaN })],
    ['a fractional time', inlineFile('a', '', { mtime: 1.5 })],
    ['an empty link target', symlink('a', '')],
    ['a link target with a NUL', symlink('a', 'b\0')],
    ['a link target over 4095 bytes', symlink('a', 'b'.repeat(4096))],
    ['a hard link to nothing', hardlink('a', 'b')],
    ['a hard link to itself', hardlink('a', 'a')],
    ['a hard link out of the image', hardlink('a', '../b')],
    ['an attribute name with "="', inlineFile('a', '', { xattrs: { 'user.a=b': '' } })],
    ['an empty attribute name', inlineFile('a', '', { xattrs: { '': '' } })],
    ['an attribute that is not base64', inlineFile('a', '', { xattrs: { 'user.a': '!' } })],
    [
      'an attribute over 64 KiB',
      inlineFile('a', '', { xattrs: { 'user.a': Buffer.alloc(65_537).toString('base64') } }),
    ],
    ['a negative offset', rangeFile('a', { ...range, offset: -1 })],
    ['a fractional size', rangeFile('a', { ...range, encoding: 'deflate', size: 0.5 })],
    ['a plain range of another size', rangeFile('a', { ...range, size: 2 })],
    ['a CRC-32 over 32 bits', rangeFile('a', { ...range, crc32: 2 ** 32 })],
  ])('refuses %s', async (_, entry) => {
    const { message, hint } = await expectCode(() => orderEntries([entry]), 'ENTRY_INVALID');
    expect(message).toContain(JSON.stringify(entry.path));
    expect(hint).toBeDefined();
  });

  test('refuses a hard link to what is no file', async () => {
    await expectCode(() => orderEntries([directory('d'), hardlink('a', 'd')]), 'ENTRY_INVALID');
    await expectCode(() => orderEntries([symlink('s', 'x'), hardlink('a', 's')]), 'ENTRY_INVALID');
    await expectCode(
      () => orderEntries([inlineFile('f', ''), hardlink('l', 'f'), hardlink('a', 'l')]),
      'ENTRY_INVALID',
    );
  });
});
