import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Base } from '../../src/build/base.ts';
import { fileLayers, readUserFiles } from '../../src/build/files.ts';
import { userEntries } from '../../src/build/user.ts';
import { createContext } from '../../src/core/context.ts';
import type { Entry } from '../../src/filesystem/entry.ts';
import { directory, inlineFile, symlink as linkEntry } from '../../src/filesystem/entry.ts';
import type { BaseFacts } from '../../src/filesystem/facts.ts';
import { expectCode } from '../expect-code.ts';

/** As Debian has it: nobody but root may look into /root. */
const FACTS: BaseFacts = {
  entries: new Map([['root', { type: 'directory', mode: 0o700, uid: 0, gid: 0, mtime: 7 }]]),
  captured: new Map(),
};
const BASE: Base = {
  name: 'base',
  platform: { os: 'linux', architecture: 'amd64' },
  image: undefined,
  rootDigest: undefined,
  key: 'base',
};

async function layersOf(sources: readonly Entry[], copies: readonly Entry[]) {
  const { user } = userEntries(FACTS, undefined, 0);
  const surroundings = { libc: undefined, hasDpkg: false, hasSources: false, hasCertificates: false };
  const reader = {
    base: BASE,
    facts: () => Promise.resolve(FACTS),
    details: () => Promise.resolve({ user, interpreter: undefined, absence: undefined, installed: [], surroundings }),
    knownDetails: () => Promise.resolve(undefined),
  };
  const files = { sources, copies };
  return fileLayers(createContext(), { files, reader, user, root: 'src', copies: ['app'], epoch: 0 });
}

async function layerOf(copies: readonly Entry[]): Promise<readonly Entry[] | undefined> {
  const [layer] = await layersOf([], copies);
  return layer?.entries();
}

/** A folder with files, each with its path as content; removed afterwards. */
async function withFolder(paths: readonly string[], work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'imagespec-copies-'));
  try {
    for (const path of paths) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), path);
    }
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('readUserFiles', () => {
  const OWN = ['a/.imagespec/x', '.imagespec/x', 'my.lock', 'uv.lock', 'a/my.lock'];

  it('leaves out what builds leave in a folder, but not what is named itself', async () => {
    await withFolder(OWN, async (folder) => {
      const paths = async (...copies: string[]): Promise<string[]> => {
        const files = await readUserFiles(createContext(), { copies, folder, lockName: 'my.lock' }, 0);
        return files.copies.map(({ path }) => path);
      };
      expect(await paths('.')).toEqual(['root', 'root/a', 'root/a/my.lock', 'root/uv.lock']);
      expect(await paths('my.lock', '.imagespec')).toEqual(['root/my.lock', 'root/.imagespec', 'root/.imagespec/x']);
    });
  });

  it('leaves the same out of the sources', async () => {
    await withFolder(OWN, async (folder) => {
      const sources = { root: '.', directory: folder, files: undefined, lock: join(folder, 'my.lock') };
      const files = await readUserFiles(createContext(), { copies: [], folder, lockName: 'my.lock', sources }, 0);
      expect(files.sources.map(({ path }) => path)).toEqual(['root/a', 'root/a/my.lock', 'root/uv.lock']);
    });
  });

  it('reads the listed sources and no others, each once, with the folders above them', async () => {
    await withFolder(['src/a/x.py', 'src/a/y.py', 'src/z.py'], async (folder) => {
      const sources = { root: 'src', directory: folder, files: ['a/x.py', './a//x.py'], lock: undefined };
      const files = await readUserFiles(createContext(), { copies: [], folder, lockName: undefined, sources }, 7);
      expect(files.sources).toMatchObject([
        { path: 'root/a', type: 'directory', mode: 0o755, mtime: 7 },
        { path: 'root/a/x.py', type: 'file', mode: 0o644, mtime: 7 },
      ]);
    });
  });

  it.each([
    ['a folder of `copy`', 'src/lib', 'lib/x', /both a folder of `copy` and a file of `source_root`/],
    ['a file of `copy`', 'src/lib/x', 'lib', /both a file of `copy` and a folder of `source_root`/],
  ])('refuses to hide sources behind %s', async (_what, source, copy, words) => {
    await withFolder([source, copy], async (folder) => {
      const sources = { root: 'src', directory: folder, files: undefined, lock: undefined };
      const request = { copies: ['lib'], folder, lockName: undefined, sources };
      const error = await expectCode(() => readUserFiles(createContext(), request, 0), 'PATH_CONFLICT');
      expect(error.message).toMatch(words);
    });
  });

  it('has a link of the sources hidden by a file', async () => {
    await withFolder(['src/b', 'a'], async (folder) => {
      await symlink('b', join(folder, 'src', 'a'));
      const sources = { root: 'src', directory: folder, files: undefined, lock: undefined };
      const files = await readUserFiles(createContext(), { copies: ['a'], folder, lockName: undefined, sources }, 0);
      expect(files.sources[0]).toMatchObject({ path: 'root/a', type: 'symlink' });
      expect(files.copies[0]).toMatchObject({ path: 'root/a', type: 'file' });
    });
  });
});

describe('the layer of copied files', () => {
  it('leaves /root to the user, whatever the base says of it', async () => {
    const entries = await layerOf([directory('root/app'), inlineFile('root/app/main.py', 'x')]);
    expect(entries?.map(({ path }) => path)).toEqual(['root', 'root/app', 'root/app/main.py']);
    expect(entries?.[0]).toMatchObject({ mode: 0o755, uid: 1000, mtime: 0 });
  });

  it('copies into /root without changing it', async () => {
    const entries = await layerOf([directory('root', { mode: 0o700 }), inlineFile('root/main.py', 'x')]);
    expect(entries?.[0]).toMatchObject({ path: 'root', mode: 0o755, uid: 1000 });
  });

  it('does not exist when nothing is copied', async () => {
    expect(await layerOf([])).toBeUndefined();
    expect(await layerOf([directory('root')])).toBeUndefined();
  });

  it('belongs to the user', async () => {
    const entries = await layerOf([inlineFile('root/main.py', 'x', { uid: 0, gid: 0 })]);
    expect(entries?.at(-1)).toMatchObject({ path: 'root/main.py', uid: 1000, gid: 1000 });
  });

  it('lies above that of the sources, and each has a key of its own', async () => {
    const sources = [linkEntry('root/a', 'b'), inlineFile('root/b', 'x')];
    const copies = [inlineFile('root/b', 'y')];
    const layers = await layersOf(sources, copies);
    expect(layers.map(({ kind, content }) => [kind, content])).toEqual([
      ['sources', 'sources: src'],
      ['files', 'copied files: app'],
    ]);
    const paths = async (i: number) => (await layers[i]!.entries()).map(({ path, type }) => [path, type]);
    expect(await paths(0)).toEqual([
      ['root', 'directory'],
      ['root/a', 'symlink'],
      ['root/b', 'file'],
    ]);
    expect(await paths(1)).toEqual([
      ['root', 'directory'],
      ['root/b', 'file'],
    ]);
    const [other] = await layersOf(sources, []);
    expect(other!.key).toBe(layers[0]!.key);
    expect(layers[1]!.key).not.toBe(layers[0]!.key);
  });
});
