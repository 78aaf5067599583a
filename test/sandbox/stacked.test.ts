import { execFile, spawnSync } from 'node:child_process';
import { link, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { fromText, toText, walkFolder } from '../../src/sandbox/folder-walk.ts';
import { stacked } from '../../src/sandbox/stacked.ts';
import { expectCode } from '../expect-code.ts';

let folder: string;
let count = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-stacked-'));
});
// Node's own cannot remove what is deeper than a path may be.
afterEach(() => promisify(execFile)('rm', ['-rf', folder]));

interface UnpackedLayer {
  /** Directories end in a slash. */
  readonly paths: readonly string[];
  readonly whiteouts?: readonly string[];
  readonly opaque?: readonly string[];
}

/** What is seen of each layer, the lowest first. */
async function seen(layers: readonly UnpackedLayer[], covered: readonly string[] = []): Promise<string[][]> {
  const own = join(folder, String(++count));
  const folders = layers.map((_, index) => join(own, String(index)));
  for (const [index, { paths, whiteouts = [], opaque = [] }] of layers.entries()) {
    const root = join(folders[index]!, 'root');
    await mkdir(root, { recursive: true });
    for (const path of paths) {
      await mkdir(path.endsWith('/') ? join(root, path) : dirname(join(root, path)), { recursive: true });
      if (!path.endsWith('/')) await writeFile(join(root, path), String(index));
    }
    const list = (names: readonly string[]): string => names.map((name) => `${name}\0`).join('');
    await writeFile(join(folders[index]!, 'whiteouts'), list(whiteouts));
    await writeFile(join(folders[index]!, 'opaque'), list(opaque));
  }
  const found = await stacked(createContext(), folders, new Set(covered.map(fromText)));
  expect(found.map(({ root }) => root)).toEqual(folders.map((one) => join(one, 'root')).reverse());
  return found
    .map(({ directories, others }) => [...directories.map((path) => `${toText(path)}/`), ...others.map(toText)].sort())
    .reverse();
}

describe('stacked', () => {
  it('takes everything from the highest layer that has it', async () => {
    const layers = [{ paths: ['etc/a', 'etc/b', 'usr/ä'] }, { paths: ['etc/b', 'etc/c'] }, { paths: ['etc/c'] }];
    expect(await seen(layers)).toEqual([['etc/a', 'usr/', 'usr/ä'], ['etc/b'], ['etc/', 'etc/c']]);
  });

  it('hides what whiteouts and opaque directories of layers above name, and nothing of their own layer', async () => {
    const layers = [
      { paths: ['a/x', 'a/y', 'b/x', 'c/d/x'] },
      { paths: ['a/', 'b/', 'c/d/'], whiteouts: ['a/x', 'b/x'], opaque: ['c/d'] },
      { paths: ['b/x', 'c/d/y'] },
    ];
    expect(await seen(layers)).toEqual([['a/y'], ['a/'], ['b/', 'b/x', 'c/', 'c/d/', 'c/d/y']]);
    expect(await seen([{ paths: ['x/y', 'z'] }, { paths: ['own'], opaque: [''] }])).toEqual([[], ['own']]);
  });

  it('does not see through what took the place of a directory', async () => {
    const layers = [{ paths: ['a/x', 'b'] }, { paths: ['a', 'b/y'] }, { paths: ['a/z'] }];
    expect(await seen(layers)).toEqual([[], ['b/', 'b/y'], ['a/', 'a/z']]);
    expect(await seen([{ paths: ['a/x'] }, { paths: ['a/'], whiteouts: ['a'] }])).toEqual([[], ['a/']]);
  });

  it('leaves out what mounts cover', async () => {
    const layers = [{ paths: ['dev/null', 'etc/hosts', 'etc/x'] }, { paths: ['dev/shm/x'] }];
    expect(await seen(layers, ['dev', 'etc/hosts'])).toEqual([['etc/', 'etc/x'], ['dev/']]);
  });
});

describe('walkFolder', () => {
  it('follows no link, and finds names that are no UTF-8', async () => {
    await mkdir(join(folder, 'in'));
    await writeFile(Buffer.concat([Buffer.from(join(folder, 'in/')), Buffer.from([0xff])]), '');
    await symlink('/', join(folder, 'out'));
    await link(join(folder, 'out'), join(folder, 'again'));
    const found: string[] = [];
    await walkFolder(createContext(), folder, (path, isDirectory) => {
      found.push(path);
      return isDirectory;
    });
    expect(found.sort()).toEqual(['again', 'in', 'in/ÿ', 'out']);
  });

  it('says so when a path is longer than the kernel takes', async () => {
    // Made from inside, as programs do.
    const name = 'd'.repeat(250);
    const script = `for i in $(seq 20); do mkdir ${name} && cd -P ${name} || exit; done`;
    expect(spawnSync('bash', ['-c', script], { cwd: folder }).status).toBe(0);
    await expectCode(() => walkFolder(createContext(), folder, (_path, isDirectory) => isDirectory), 'ENTRY_INVALID');
  });

  it('stops when the build does', async () => {
    const ctx = createContext({ signal: AbortSignal.abort() });
    await expectCode(() => walkFolder(ctx, folder, () => true), 'ABORTED');
  });
});
