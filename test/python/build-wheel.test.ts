import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { buildFailed, buildWheel } from '../../src/python/build-wheel.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from '../registry/setup.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';
import { program } from './programs.ts';
import { interpreterOf } from './targets.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder, 'call'));
});

const buildWith = async (script: string, offline = false): Promise<string> =>
  buildWheel(testContext(), {
    name: 'demo',
    label: 'demo 1.0',
    path: '/src/demo-1.0.tar.gz',
    uv: await program(join(folder, 'uv'), `printf '%s\\n' "$@" >"${folder}/args"; umask >"${folder}/umask"\n${script}`),
    interpreter: interpreterOf('3.12.1'),
    folder: join(folder, 'call'),
    env: { PATH: process.env['PATH'] },
    offline,
    hooks: () => Promise.reject(new Error('a hook was called')),
  });

describe('building a wheel', () => {
  it('asks uv for it, with modes that do not follow the user', async () => {
    const file = await buildWith(`touch "${folder}/call/out/demo-1.0-py3-none-any.whl"`, true);
    expect(file).toBe(join(folder, 'call', 'out', 'demo-1.0-py3-none-any.whl'));
    const args = (await readFile(join(folder, 'args'), 'utf8')).split('\n');
    expect(args.slice(0, 3)).toEqual(['build', '--wheel', '/src/demo-1.0.tar.gz']);
    expect(args).toEqual(expect.arrayContaining(['--offline', '--no-python-downloads', '--python']));
    expect(await readFile(join(folder, 'umask'), 'utf8')).toMatch(/^0*22\n$/);
  });

  it('needs the network once', async () => {
    const script = 'echo "hint: Packages were unavailable because the network was disabled." >&2; exit 2';
    const error = await expectCode(() => buildWith(script, true), 'OFFLINE');
    expect(error.message).toBe('demo 1.0 must be built from source, and --offline was given');
  });

  it.each([
    [
      'echo "error: no\n  cause: because" >&2; exit 2',
      /demo 1\.0 could not be built from source: error: no \| cause: because$/,
    ],
    ['exit 0', /its backend made 0 wheels instead of one/],
    [': > "$PWD/out/a.whl"; : > "$PWD/out/b.whl"', /its backend made 2 wheels instead of one/],
    [': > "$PWD/out/other-1.0-py3-none-any.whl"', /made a wheel of something else, other-1\.0/],
    [': > "$PWD/out/demo-1.0-cp39-cp39-win32.whl"', /made a wheel for another target, demo-1\.0-cp39/],
    ['kill -KILL $$', /ended by SIGKILL/],
  ])('fails when %j', async (script, words) => {
    expect((await expectCode(() => buildWith(script), 'BUILD_FAILED')).message).toMatch(words);
  });

  it.each([
    ["error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", /build-essential/],
    ["error: command 'gcc' failed: No such file or directory", /build-essential/],
    ["unable to execute 'gcc': No such file or directory", /build-essential/],
    ['../meson.build:1:0: ERROR: Unknown compiler(s): [["cc"], ["gcc"]]', /build-essential/],
    ['src/x.c:3:10: fatal error: Python.h: No such file or directory', /python3-dev/],
    ['src/x.c:3:10: fatal error: libpq-fe.h: No such file or directory', /^libpq-fe\.h is missing: .*-dev package/],
    ['Error: pg_config executable not found.', /^pg_config is missing/],
    ['/bin/sh: 1: pkg-config: not found\nException: Can not find valid pkg-config name', /^pkg-config is missing/],
    ["error: can't find Rust compiler", /cargo/],
    ['LookupError: setuptools-scm was unable to detect version for /src', /add git/],
    ["ModuleNotFoundError: No module named 'json'", /add python3 to `apt_packages`/],
    ['something else', /What it needs in the image/],
  ])('tells what is missing when a hook says %j', (said, hint) => {
    expect(buildFailed('demo', 'uv says so', said).hint).toMatch(hint);
  });
});
