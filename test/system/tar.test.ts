// Entries with every odd value, told by Go, and unpacked by GNU tar and bsdtar; test/layer/tar.test.ts asks who needs nothing installed.
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tarHeader } from '../../src/layer/tar.ts';
import { packBytes } from '../layer/layer-fixture.ts';
import type { Told } from '../layer/tar-edges.ts';
import { EDGES, toldOf } from '../layer/tar-edges.ts';
import { run } from './ground/folder.ts';

const DECODERS = join(import.meta.dirname, 'ground', 'decoders');
const LOCALE = { LC_ALL: 'C.UTF-8' };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-tar-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function writeEdges(): Promise<string> {
  const file = join(folder, 'edges.tar');
  await writeFile(file, (await packBytes(EDGES)).tar);
  return file;
}

const toldByGo = async (file: string): Promise<Told[]> =>
  JSON.parse(await run('go', ['run', join(DECODERS, 'tarlist.go'), file])) as Told[];

it('Go tells every entry as it was packed', async () => {
  expect(await toldByGo(await writeEdges())).toEqual(toldOf(EDGES));
});

/** Whether this process may give files away, and set the attributes that the kernel guards. */
const mayAll = process.getuid?.() === 0;

/** As a file system tells it: a hard link is the file that it links to. */
function onDisk(told: readonly Told[]): Map<string, Partial<Told>> {
  const byName = new Map(told.map((one) => [one.name, one]));
  return new Map(
    told.map((one) => {
      const { link, ...file } = one.type === 'hardlink' ? byName.get(one.link)! : one;
      const { uid, gid, xattrs, ...common } = { ...file, link, name: one.name };
      return [one.name, mayAll ? { ...common, uid, gid, xattrs } : common];
    }),
  );
}

describe('every entry is on disk as it was packed, unpacked by', () => {
  it.each([
    ['GNU tar', "tar --xattrs --xattrs-include='*' --numeric-owner -xpf"],
    ['bsdtar', 'bsdtar --xattrs --numeric-owner -xpf'],
  ])('%s', async (name, command) => {
    const out = join(folder, name.replace(' ', '-'));
    await mkdir(out);
    await run('sh', ['-c', `${command} "$1" -C "$2"`, 'sh', await writeEdges(), out], { env: LOCALE });
    const found = JSON.parse(await run('python3', [join(DECODERS, 'tree.py'), out])) as Told[];
    const wanted = onDisk(toldOf(EDGES));
    const told = onDisk(found.filter((one) => wanted.has(one.name)));
    for (const [path, one] of wanted) expect(told.get(path), path).toEqual(one);
  });
});

describe('a file of 8 GiB', () => {
  const SIZE = 8 * 2 ** 30;
  const header = (name: string, size: number): Buffer =>
    tarHeader({ name, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, size, linkName: '' });

  /** Its content is a hole. */
  async function writeLarge(): Promise<string> {
    const file = join(folder, 'large.tar');
    const first = header('large', SIZE);
    const handle = await open(file, 'w');
    await handle.write(first, 0, first.length, 0);
    const next = header('next', 0);
    await handle.write(next, 0, next.length, first.length + SIZE);
    await handle.truncate(first.length + SIZE + next.length + 1024);
    await handle.close();
    return file;
  }

  it('and the one behind it are seen by all', async () => {
    const file = await writeLarge();
    const byGo = (await toldByGo(file)).map(({ name, size }) => `${size} ${name}`);
    const script = 'import sys, tarfile\nfor m in tarfile.open(sys.argv[1], "r:"): print(m.size, m.name)';
    const byPython = (await run('python3', ['-c', script, file])).trim().split('\n');
    const sizes = (listing: string): string[] =>
      listing
        .trim()
        .split('\n')
        .map((line) => line.replace(/^.*?\s(\d+)\s+(?:\d{4}-|Jan).*\s(\S+)$/, '$1 $2'));
    const byGnu = sizes(await run('tar', ['-tvf', file], { env: LOCALE }));
    const byBsd = sizes(await run('bsdtar', ['-tvf', file], { env: LOCALE }));
    const wanted = [`${SIZE} large`, '0 next'];
    expect({ byGo, byPython, byGnu, byBsd }).toEqual({ byGo: wanted, byPython: wanted, byGnu: wanted, byBsd: wanted });
  });
});
