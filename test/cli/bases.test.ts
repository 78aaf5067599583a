// Bases and resolvers that are not there, not allowed or not fitting: what exists instead is said.
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copy } from '../../src/content/copy.ts';
import { createContext } from '../../src/core/context.ts';
import type { ErrorCode } from '../../src/core/error.ts';
import { sampleImage, sampleIndex } from '../contract/sample-image.ts';
import { program } from '../python/programs.ts';
import type { FakeRegistryOptions } from '../registry/fake-registry.ts';
import { startFakeRegistry } from '../registry/fake-registry.ts';
import { addBase, pythonBase } from './python-base.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';
import { refused } from './refused.ts';
import type { CliOptions } from './run-cli.ts';

let project: Project;
let close: (() => Promise<void>) | undefined;

beforeEach(async () => {
  project = await createProject();
});
afterEach(async () => {
  await project.remove();
  await close?.();
  close = undefined;
});

/** A registry with an index of two platforms as `base:1`; returns its host. */
async function registry(options: FakeRegistryOptions): Promise<string> {
  const fake = await startFakeRegistry(options);
  close = fake.close;
  await copy(createContext(), await sampleIndex('base'), fake.store('base'), ['1']);
  return fake.host;
}

const build = (code: ErrorCode, words: readonly (string | RegExp)[], options?: Partial<CliOptions>): Promise<string> =>
  refused(project, ['build', '-o', 'oci:out'], code, words, options);

describe('a base in a registry', () => {
  const always = (status: number): FakeRegistryOptions => ({
    faults: [{ path: /manifests/, times: 100, go: { status, body: '{"errors":[{"code":"X","message":"because"}]}' } }],
  });

  it('wants credentials', async () => {
    const host = await registry({ auth: { scheme: 'bearer', username: 'me', password: 'secret' } });
    await project.spec({ base_image: `${host}/base:1` });
    await build('UNAUTHORIZED', [`${host}/base`, /login/]);
  });

  it.each<[number, ErrorCode, RegExp]>([
    [403, 'FORBIDDEN', /answered 403 \(X: because\)/],
    [404, 'NOT_FOUND', /base/],
    [503, 'SERVER_ERROR', /answered 503 \(X: because\)[^]*hint: .*try again later/],
  ])(
    'answers %d',
    async (status, code, words) => {
      const host = await registry(always(status));
      await project.spec({ base_image: `${host}/base:1` });
      await build(code, [words, host]);
    },
    90_000,
  );

  it('does not exist for the platform: what exists is listed', async () => {
    const host = await registry({});
    await project.spec({ base_image: `${host}/base:1`, platform: 'linux/sparc' });
    const words = [/base does not exist for linux\/sparc/, /It exists for linux\/amd64, linux\/arm64/];
    await build('BASE_PLATFORM_MISSING', words);
  });
});

describe('the Python of a base', () => {
  it('is not there', async () => {
    await addBase(project, await sampleImage('base'));
    await project.spec({ base_image: 'oci:base', packages: ['demo'] });
    await build('INTERPRETER_MISSING', [/has no Python 3 in \/usr\/bin/, /Set base_image to an image with Python/]);
  });

  it('is another one', async () => {
    await addBase(project, await pythonBase('3.12'));
    await project.spec({ base_image: 'oci:base', packages: ['demo'], python_version: '3.13' });
    await build('INTERPRETER_MISSING', [
      /has Python 3\.12\.0 \(\/usr\/bin\/python3\.12\), but python_version is 3\.13/,
      /none is brought, since it has no C library either/,
      /such as python:3\.13-slim, or with a C library/,
    ]);
  });

  it('runs on a machine that no package is made for', async () => {
    await addBase(project, await pythonBase('3.12', { os: 'linux', architecture: 'mips64le' }));
    await project.spec({ base_image: 'oci:base', packages: ['demo'], platform: 'linux/mips64le' });
    await build('NOT_SUPPORTED', [/cannot be installed for linux\/mips64le/, /Choose one of linux\/amd64/]);
  });
});

describe('uv', () => {
  beforeEach(async () => {
    await addBase(project, await pythonBase());
    await project.spec({ base_image: 'oci:base', packages: ['a', 'b==2'] });
  });

  const withUv = async (script: string): Promise<Partial<CliOptions>> => ({
    env: { IMAGESPEC_UV: await program(join(project.cache, '..', 'uv'), script) },
  });

  it('finds no solution: its reasons are passed on', async () => {
    const words =
      'error: No solution found\\n  cause: Because b==2 depends on a>2, we can conclude\\n         that b==2 cannot be used.\\n';
    const options = await withUv(`[ "$1" = --version ] && echo uv 0.13.9 || { printf '${words}' >&2; exit 1; }`);
    const reason = /Because b==2 depends on a>2, we can conclude that b==2 cannot be used\. \[UNRESOLVABLE\]/;
    await build('UNRESOLVABLE', [reason, /Loosen one of the versions/], options);
  });

  it('would be needed for a lock that shall not change', async () => {
    const words = [/knows nothing of linux\/amd64/, /commit the lock file/];
    await refused(project, ['build', '-o', 'oci:out', '--frozen'], 'LOCK_CHANGED', words);
  });

  it('is no uv', async () => {
    const options = await withUv('echo something else');
    await build('UV_MISSING', [/IMAGESPEC_UV names .*uv, which does not run as uv/, /unset it/], options);
  });

  it('is nowhere', async () => {
    const env = { PATH: join(project.folder, 'app') };
    const words = [/no index is named; pip failed/, /name it with IMAGESPEC_UV; or bring a pylock\.toml/];
    const said = await build('UV_MISSING', words, { env });
    expect(said).toMatch(/uv \d+\.\d+\.\d+ is not on this machine and could not be installed/);
  });
});
