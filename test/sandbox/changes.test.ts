import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Header } from 'tar-stream';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import type { BaseEntry } from '../../src/filesystem/facts.ts';
import type { Changes, ChangesOptions } from '../../src/sandbox/changes.ts';
import { readUpper } from '../../src/sandbox/changes.ts';
import { expectCode } from '../expect-code.ts';

let folder: string;
let count = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-changes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const base = (type: BaseEntry['type'], more: Partial<BaseEntry> = {}): BaseEntry => ({
  type,
  mode: type === 'directory' ? 0o755 : 0o644,
  uid: 0,
  gid: 0,
  mtime: 7,
  ...more,
});

const FACTS = new Map<string, BaseEntry>([
  ['etc', base('directory')],
  ['etc/motd', base('file', { size: 3 })],
  ['etc/shadow', base('file', { size: 3, gid: 42 })],
  ['tmp', base('directory', { mode: 0o1777 })],
  ['srv', base('directory')],
  ['srv/a', base('directory')],
  ['srv/a/x', base('file')],
  ['srv/b', base('file')],
  ['srv/c', base('file')],
]);

type Member = Partial<Header> & { readonly name: string; readonly body?: string };
const directory = (name: string, more: Partial<Header> = {}): Member => ({
  name,
  type: 'directory',
  mode: 0o755,
  ...more,
});
const file = (name: string, body: string, more: Partial<Header> = {}): Member => ({ name, body, mode: 0o644, ...more });
const whiteout = (name: string): Member => ({ name, type: 'character-device', devmajor: 0, devminor: 0 });
const opaque = (name: string): Member => directory(name, { pax: { 'SCHILY.xattr.user.overlay.opaque': 'y' } });

async function changes(members: readonly Member[], more: Partial<ChangesOptions> = {}): Promise<Changes> {
  const tar = pack();
  for (const { body = '', ...header } of [directory('./'), ...members])
    tar.entry({ mtime: new Date(50_000), ...header }, body);
  tar.finalize();
  const options = {
    facts: { entries: FACTS, captured: new Map() },
    file: join(folder, `tar-${++count}`),
    epoch: 0,
    ids: 'root',
    ...more,
  } as const;
  return readUpper(createContext(), tar as AsyncIterable<Uint8Array>, options);
}

const told = ({ entries }: Changes): string[] =>
  entries.map((entry) =>
    entry.type === 'whiteout' ? `- ${entry.path}` : `${entry.type} ${entry.path} ${entry.mode.toString(8)}`,
  );

describe('readUpper', () => {
  it('makes entries whose contents are ranges of the kept tar', async () => {
    const { entries } = await changes([directory('./etc/'), file('./etc/motd', 'new words'), file('./etc/other', '')]);
    expect(entries.map(({ path }) => path)).toEqual(['etc/motd', 'etc/other']);
    const [motd] = entries;
    if (motd?.type !== 'file' || motd.content.kind !== 'range') throw new Error('no range');
    const kept = await readFile(motd.content.file, 'latin1');
    expect(kept.slice(motd.content.offset, motd.content.offset + motd.content.length)).toBe('new words');
    expect(motd.mtime).toBe(0);
  });

  it('leaves out directories that were only copied up, and repeats those that a runtime would make up otherwise', async () => {
    const same = directory('./tmp/', { mode: 0o1777 });
    expect(told(await changes([directory('./srv/'), same]))).toEqual([]);
    expect(told(await changes([directory('./srv/'), file('./srv/new', ''), same, file('./tmp/new', '')]))).toEqual([
      'file srv/new 644',
      'directory tmp 1777',
      'file tmp/new 644',
    ]);
  });

  it('keeps a directory whose mode or owner changed', async () => {
    expect(told(await changes([directory('./srv/', { mode: 0o700 })]))).toEqual(['directory srv 700']);
    expect(told(await changes([directory('./srv/', { uid: 5 })]))).toEqual(['directory srv 755']);
  });

  it('turns devices 0:0 into whiteouts, of what the tree had', async () => {
    const { entries, leftOut } = await changes([
      directory('./etc/'),
      whiteout('./etc/motd'),
      whiteout('./etc/never-there'),
    ]);
    expect(entries).toEqual([{ type: 'whiteout', path: 'etc/motd' }]);
    expect(leftOut).toEqual([]);
  });

  it('names what an opaque directory hides, and nothing below that', async () => {
    expect(told(await changes([opaque('./srv/'), file('./srv/b', 'again'), directory('./srv/new/')]))).toEqual([
      '- srv/a',
      'file srv/b 644',
      '- srv/c',
      'directory srv/new 755',
    ]);
    expect(told(await changes([opaque('./srv/'), directory('./srv/a/')]))).toEqual(['- srv/a/x', '- srv/b', '- srv/c']);
  });

  it('lets a file take the place of a directory and the other way round', async () => {
    const found = await changes([
      directory('./srv/'),
      file('./srv/a', ''),
      directory('./srv/b/'),
      file('./srv/b/in', ''),
    ]);
    expect(told(found)).toEqual(['file srv/a 644', 'directory srv/b 755', 'file srv/b/in 644']);
  });

  it('keeps hard links, attributes and special bits; drops what overlayfs has noted', async () => {
    const pax = { 'SCHILY.xattr.user.overlay.origin': 'x', 'SCHILY.xattr.user.note': 'kept' };
    const { entries } = await changes([
      file('./one', 'x', { mode: 0o4711, uid: 33, gid: 44, pax }),
      { name: './two', type: 'link', linkname: './one', mode: 0o4711 },
    ]);
    expect(entries[0]).toMatchObject({
      mode: 0o4711,
      uid: 33,
      gid: 44,
      xattrs: { 'user.note': Buffer.from('kept').toString('base64') },
    });
    expect(entries[1]).toMatchObject({ type: 'hardlink', path: 'two', target: 'one' });
  });

  it('keeps the owners of the tree where only one id can be had', async () => {
    const pax = { 'SCHILY.xattr.user.overlay.origin': 'where it was copied up from' };
    const members = [file('./etc/shadow', 'x', { pax }), file('./etc/motd', 'made anew'), file('./etc/new', 'x')];
    const { entries } = await changes(members, { ids: 'single' });
    const owners = entries.map((entry) => (entry.type === 'whiteout' ? [] : [entry.path, entry.gid]));
    expect(owners).toEqual([
      ['etc/motd', 0],
      ['etc/new', 0],
      ['etc/shadow', 42],
    ]);
  });

  it('tells of devices and fifos that it leaves out', async () => {
    const { entries, leftOut } = await changes([
      { name: './pipe', type: 'fifo' },
      { name: './null', type: 'character-device', devmajor: 1, devminor: 3 },
    ]);
    expect([entries, leftOut]).toEqual([[], ['pipe', 'null']]);
  });

  it('is told of what is gone where there are no devices for it', async () => {
    const { entries } = await changes([directory('./etc/')], { removed: ['etc/motd', 'etc/never-there'] });
    expect(entries).toEqual([{ type: 'whiteout', path: 'etc/motd' }]);
  });

  it('refuses paths that lead out', async () => {
    await expectCode(() => changes([file('./../x', '')]), 'ENTRY_INVALID');
  });
});
