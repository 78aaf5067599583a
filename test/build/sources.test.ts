import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SourcesInput } from '../../src/build/sources.ts';
import { buildSources, supposeSources } from '../../src/build/sources.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { LockedSource } from '../../src/python/lock.ts';
import { digestProject } from '../../src/python/project-folder.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { expectCode } from '../expect-code.ts';
import { program } from '../python/programs.ts';
import { interpreterOf } from '../python/targets.ts';
import { testContext } from '../registry/setup.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

let folder: string;
let input: SourcesInput;
let sdist: LockedSource;

/** How often uv was asked to build. */
const builds = async (): Promise<number> =>
  (await readFile(join(folder, 'builds'), 'utf8').catch(() => '')).split('\n').length - 1;

beforeEach(async () => {
  folder = await temporaryFolder();
  const archive = join(folder, 'demo-1.0.tar.gz');
  await writeFile(archive, 'source');
  const uv = await program(
    join(folder, 'uv'),
    `echo "$3" >>"${folder}/builds"; cat "$3" >"$5/demo-1.0-py3-none-any.whl"`,
  );
  let names = 0;
  sdist = {
    name: 'demo',
    version: '1.0',
    from: {
      kind: 'sdist',
      filename: 'demo-1.0.tar.gz',
      url: pathToFileURL(archive).href,
      digest: digestOf('source'),
    },
    requested: true,
  };
  input = {
    sources: [sdist],
    base: {
      name: 'b',
      platform: { os: 'linux', architecture: 'amd64' },
      image: undefined,
      rootDigest: undefined,
      key: 'b',
    },
    interpreter: interpreterOf('3.12.1'),
    env: [],
    epoch: 0,
    hooks: () => Promise.reject(new Error('a hook was called')),
    cache: createLocalCache(join(folder, 'cache'), { now: () => 1_700_000_000_000, random: () => `r${names++}` }),
    open: () => {
      throw new Error('an index was asked');
    },
    uv: () => Promise.resolve(uv),
    variables: () => Promise.resolve({ PATH: process.env['PATH'] }),
    offline: false,
    ignoreKnown: false,
  };
});

const build = (more: Partial<SourcesInput> = {}) => buildSources(testContext(), { ...input, ...more });

describe('a source becomes a wheel', () => {
  it('that is installed like any other, from the cache', async () => {
    const [wheel] = await build();
    expect(wheel).toEqual({
      name: 'demo',
      version: '1.0',
      filename: 'demo-1.0-py3-none-any.whl',
      digest: digestOf('source'),
      size: 6,
      url: pathToFileURL((await input.cache.find(digestOf('source')))!).href,
      requested: true,
    });
    expect(await readFile(new URL(wheel!.url), 'utf8')).toBe('source');
  });

  it('once for each base, interpreter, environment, epoch and source', async () => {
    await build();
    await build({ sources: [{ ...sdist, requested: false }] });
    expect(await builds()).toBe(1);
    const others: Partial<SourcesInput>[] = [
      { base: { ...input.base, key: 'other' } },
      { interpreter: interpreterOf('3.12.2') },
      { env: [['CFLAGS', '-O3']] },
      { epoch: 1 },
      { ignoreKnown: true },
    ];
    for (const [index, other] of others.entries()) {
      await build(other);
      expect(await builds()).toBe(index + 2);
    }
  });

  it('and a plan knows it only then', async () => {
    const [supposed] = await supposeSources(input);
    expect(supposed).toMatchObject({ name: 'demo', version: '1.0', url: '' });
    const [built] = await build();
    expect(await supposeSources(input)).toEqual([built]);
    expect(await builds()).toBe(1);
  });

  it('of a folder, as long as that is the one that was read', async () => {
    const path = join(folder, 'project');
    await mkdir(join(path, '.git'), { recursive: true });
    await writeFile(join(path, 'setup.py'), 'setup');
    await writeFile(join(path, 'own.lock'), 'lock');
    const lockFile = join(path, 'own.lock');
    const uv = await program(
      join(folder, 'uv-folder'),
      `echo "$3" >>"${folder}/builds"; ls -A "$3" >"$5/demo-1.0-py3-none-any.whl"`,
    );
    const digest = await digestProject(testContext(), path, lockFile);
    const from = { kind: 'folder', path, digest } as const;
    const own = { name: 'demo', from, requested: true };
    const more = { sources: [own], uv: () => Promise.resolve(uv), lockFile };
    expect(await supposeSources({ ...input, ...more })).toMatchObject([{ name: 'demo', version: '' }]);
    const [wheel] = await build(more);
    expect(await readFile(new URL(wheel!.url), 'utf8')).toBe('setup.py\n');
    await build(more);
    expect(await builds()).toBe(1);
    expect(wheel).not.toHaveProperty('directUrl');
    await writeFile(join(path, 'setup.py'), 'changed');
    const error = await expectCode(() => build({ ...more, ignoreKnown: true }), 'FILE_CHANGED');
    expect(error.message).toBe(`The project ${path} changed while it was read`);
  });

  it('but not when its project is in a folder of the archive', async () => {
    const from = { ...sdist.from, subdirectory: 'py' };
    const error = await expectCode(() => build({ sources: [{ ...sdist, from }] }), 'NOT_SUPPORTED');
    expect(error.message).toMatch(/demo-1\.0\.tar\.gz has its project in py/);
    expect(error.hint).toContain('#subdirectory=');
  });

  it('and leaves nothing behind when it fails', async () => {
    const uv = await program(join(folder, 'broken'), 'echo half >"$5/demo-1.0-py3-none-any.whl.part"; exit 1');
    await expectCode(() => build({ uv: () => Promise.resolve(uv) }), 'BUILD_FAILED');
    await mkdir(join(folder, 'cache', 'v1', 'scratch', 'mine'));
    expect(await readdir(join(folder, 'cache', 'v1', 'scratch'))).toEqual(['mine']);
    expect(await build()).toHaveLength(1);
  });
});
