import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FindUvOptions } from '../../src/python/uv.ts';
import { findUv } from '../../src/python/uv.ts';
import { UV_VERSION, UV_WHEELS } from '../../src/python/uv-release.ts';
import type { LocalCache } from '../../src/store/cache.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { expectCode } from '../expect-code.ts';
import { testContext, testHttp } from '../registry/setup.ts';
import { createNames, temporaryFolder } from '../store/temporary-folder.ts';
import { program, serve } from './programs.ts';

const RELEASE = UV_WHEELS[`${process.platform}-${process.arch}`]!;

let folder: string;
let bin: string;
let cache: LocalCache;

beforeEach(async () => {
  folder = await temporaryFolder();
  bin = join(folder, 'bin');
  await mkdir(bin);
  cache = createLocalCache(join(folder, 'cache'), { now: () => 0, random: createNames() });
});

/** Nothing of the machine that runs the tests is found by it. */
const options = (env: Readonly<Record<string, string>> = {}, more: Partial<FindUvOptions> = {}): FindUvOptions => ({
  cache,
  offline: false,
  env: { PATH: bin, ...env },
  ...more,
});

const uv = (path: string, version: string): Promise<string> => program(path, `echo "uv ${version} (a build)"`);

describe('uv is found', () => {
  it('where IMAGESPEC_UV says', async () => {
    const path = await uv(join(folder, 'mine', 'uv'), UV_VERSION);
    const ctx = testContext();
    expect(await findUv(ctx, options({ IMAGESPEC_UV: path }))).toBe(path);
    expect(ctx.events).toEqual([]);
  });

  it('in another version too, if IMAGESPEC_UV says so, with a warning', async () => {
    const path = await uv(join(folder, 'mine', 'uv'), '0.0.1');
    const ctx = testContext();
    expect(await findUv(ctx, options({ IMAGESPEC_UV: path }))).toBe(path);
    expect(ctx.events).toEqual([
      { type: 'log', level: 'warning', message: expect.stringMatching(`uv 0\\.0\\.1; ${UV_VERSION} is the version`) },
    ]);
  });

  it('on PATH in the known version, past everything that is something else', async () => {
    await mkdir(join(folder, 'a', 'uv'), { recursive: true });
    await uv(join(folder, 'b', 'uv'), '0.0.1');
    await program(join(folder, 'c', 'uv'), 'exit 3');
    await mkdir(join(folder, 'd'));
    await writeFile(join(folder, 'd', 'uv'), 'no program');
    const path = await uv(join(folder, 'e', 'uv'), UV_VERSION);
    const folders = ['a', 'b', 'c', 'd', 'e'].map((name) => join(folder, name));
    expect(await findUv(testContext(), options({ PATH: ['relative', ...folders].join(':') }))).toBe(path);
  });

  it('in the cache, and is made a program there again', async () => {
    await writeFile(join(folder, 'uv'), 'the program');
    const path = await cache.adopt(RELEASE.program.digest, join(folder, 'uv'));
    expect(await findUv(testContext(), options({}, { offline: true }))).toBe(path);
    expect((await stat(path)).mode & 0o777).toBe(0o755);
  });
});

describe('uv is missing', () => {
  it.each(['absent', 'silent'])('where IMAGESPEC_UV names what does not run: %s', async (name) => {
    await program(join(folder, 'silent'), 'exit 0');
    const path = join(folder, name);
    const error = await expectCode(() => findUv(testContext(), options({ IMAGESPEC_UV: path })), 'UV_MISSING');
    expect(error.message).toBe(`IMAGESPEC_UV names ${path}, which does not run as uv`);
    expect(error.hint).toContain(UV_VERSION);
  });

  it('offline', async () => {
    const error = await expectCode(() => findUv(testContext(), options({}, { offline: true })), 'OFFLINE');
    expect(error.message).toContain(`uv ${UV_VERSION} is not on this machine`);
    expect(error.hint).toMatch(/IMAGESPEC_UV.*pylock\.toml/);
  });

  it('where neither index nor pip has it: both reasons are told, without credentials', async () => {
    await program(join(bin, 'python3'), 'echo "ERROR: no http://me:secret@127.0.0.1:9/simple/uv/" >&2; exit 1');
    const error = await expectCode(() => findUv(testContext(), options()), 'UV_MISSING');
    expect(error.issues).toEqual(['no index is named', 'pip failed: ERROR: no http://***@127.0.0.1:9/simple/uv/']);
    expect(error.message).toContain(error.issues.join('; '));
    expect(error.hint).toMatch(/IMAGESPEC_UV.*pylock\.toml/);
  });

  it('where the host has no Python either', async () => {
    const error = await expectCode(() => findUv(testContext(), options()), 'UV_MISSING');
    expect(error.issues[1]).toMatch(/pip failed: .*python3.*ENOENT/);
  });

  it('where pip says that it is done, and brought nothing', async () => {
    await program(join(bin, 'python3'), 'exit 0');
    const error = await expectCode(() => findUv(testContext(), options()), 'UV_MISSING');
    expect(error.issues[1]).toContain(RELEASE.filename);
  });

  it('where an index or pip gives other bytes than are known', async () => {
    await program(join(bin, 'python3'), `while [ "$1" != --dest ]; do shift; done; echo x >"$2/${RELEASE.filename}"`);
    const { host, requests } = await serve(({ path }) =>
      path.endsWith('.whl') ? { status: 200, body: 'bytes' } : { status: 200, body: `<a href="${RELEASE.filename}">` },
    );
    const pipIndex = `http://me:secret@${host}/simple`;
    const work = options({}, { http: testHttp(), pipIndex });
    const error = await expectCode(() => findUv(testContext(), work), 'UV_MISSING');
    expect(error.issues).toEqual([
      expect.stringContaining(`${RELEASE.filename} should have ${RELEASE.wheel.size} bytes`),
      expect.stringContaining(`${RELEASE.filename} should have ${RELEASE.wheel.size} bytes`),
    ]);
    expect(requests.map(({ path }) => path)).toEqual(['/simple/uv/', `/simple/uv/${RELEASE.filename}`]);
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(Array(2).fill('Basic bWU6c2VjcmV0'));
    expect(await cache.find(RELEASE.wheel.digest)).toBeUndefined();
  });

  it('is looked for no longer once the build is interrupted', async () => {
    const controller = new AbortController();
    const ctx = { ...testContext(), signal: controller.signal };
    const found = findUv({ ...ctx, emit: () => controller.abort() }, options());
    await expectCode(() => found, 'ABORTED');
  });
});
