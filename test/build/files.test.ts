import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Base } from '../../src/build/base.ts';
import { fileLayers, readCopies } from '../../src/build/files.ts';
import { userEntries } from '../../src/build/user.ts';
import { createContext } from '../../src/core/context.ts';
import type { Entry } from '../../src/filesystem/entry.ts';
import { directory, inlineFile } from '../../src/filesystem/entry.ts';
import type { BaseFacts } from '../../src/filesystem/facts.ts';

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

async function layerOf(copies: readonly Entry[]): Promise<readonly Entry[] | undefined> {
  const { user } = userEntries(FACTS, 0);
  const surroundings = { libc: undefined, hasDpkg: false, hasSources: false, hasCertificates: false };
  const reader = {
    base: BASE,
    facts: () => Promise.resolve(FACTS),
    details: () => Promise.resolve({ user, interpreter: undefined, absence: undefined, surroundings }),
    knownDetails: () => Promise.resolve(undefined),
  };
  const [layer] = await fileLayers(createContext(), { copies, reader, user, names: ['app'], epoch: 0 });
  return layer?.entries();
}

describe('readCopies', () => {
  it('leaves out what builds leave in a folder, but not what is named itself', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imagespec-copies-'));
    for (const path of ['a/.imagespec/x', '.imagespec/x', 'my.lock', 'uv.lock', 'a/my.lock']) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), '');
    }
    const paths = async (...copies: string[]): Promise<string[]> => {
      const entries = await readCopies(createContext(), { copies, folder, lockName: 'my.lock' }, 0);
      return entries.map(({ path }) => path);
    };
    try {
      expect(await paths('.')).toEqual(['root', 'root/a', 'root/a/my.lock', 'root/uv.lock']);
      expect(await paths('my.lock', '.imagespec')).toEqual(['root/my.lock', 'root/.imagespec', 'root/.imagespec/x']);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
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
});
