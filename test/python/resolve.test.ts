import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/core/error.ts';
import type { Lock } from '../../src/python/lock.ts';
import type { Wants } from '../../src/python/wants.ts';
import type { ResolveOptions } from '../../src/python/ask-uv.ts';
import type { PipArguments } from '../../src/python/pip-arguments.ts';
import { isProblem, readPipArguments } from '../../src/python/pip-arguments.ts';
import { contentHashes } from '../../src/python/poetry-project.ts';
import { resolve } from '../../src/python/resolve.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from '../registry/setup.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';
import { program } from './programs.ts';
import { interpreterOf } from './targets.ts';

const optionsOf = (text: string): PipArguments => {
  const read = readPipArguments(text);
  if (isProblem(read)) throw new Error(read.what);
  return read;
};

const hooks = () => Promise.reject(new Error('a hook was called'));
let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder, 'scratch'));
});

const LOCK = `lock-version = "1.0"
[[packages]]
name = "demo"
version = "1.0"
wheels = [{ url = "https://index.example/demo-1.0-py3-none-any.whl", hashes = { sha256 = "${'a'.repeat(64)}" } }]`;

/** Resolves with a uv that does this; `$lock` is where its answer is wanted. */
async function resolveWith(
  script: string,
  wants: Partial<Wants> = { packages: ['demo'] },
  more: Partial<ResolveOptions> = {},
): Promise<Lock> {
  const head = `printf '%s\\n' "$@" >"${folder}/args"; env >"${folder}/env"; while [ "$1" != -o ]; do shift; done; lock="$2"`;
  const uv = await program(join(folder, 'uv'), `${head}\n${script}`);
  const interpreter = interpreterOf('3.12.1');
  return resolve(testContext(), { packages: [], pipExtraIndexUrls: [], ...wants }, interpreter, {
    uv: () => Promise.resolve(uv),
    scratch: join(folder, 'scratch'),
    env: { PATH: process.env['PATH'] },
    offline: false,
    cacheFolder: join(folder, 'uv-cache'),
    hooks,
    ...more,
  });
}

const answering = `cat >"$lock" <<'END'\n${LOCK}\nEND`;
const linesOf = async (name: string): Promise<string[]> => (await readFile(join(folder, name), 'utf8')).split('\n');

describe('resolving', () => {
  it('asks uv for the wheels of the target', async () => {
    await writeFile(join(folder, 'requirements.txt'), 'other\n');
    const file = join(folder, 'requirements.txt');
    const lock = await resolveWith(answering, {
      packages: ['demo>=1', 'x; sys_platform == "linux"'],
      requirementsFile: file,
    });
    expect(lock.wheels).toEqual([expect.objectContaining({ name: 'demo', version: '1.0', requested: true })]);
    const args = await linesOf('args');
    const packages = join(folder, 'scratch', 'packages.txt');
    expect(args.slice(0, 4)).toEqual(['pip', 'compile', file, packages]);
    expect(args).toEqual(expect.arrayContaining(['--only-binary', '--no-python-downloads', 'pylock.toml']));
    expect(args).not.toContain('--offline');
    expect(await readFile(packages, 'utf8')).toBe('demo>=1\nx; sys_platform == "linux"\n');
    expect(await readFile(args[args.indexOf('--python') + 1]!, 'utf8')).toContain('"python_full_version":"3.12.1"');
  });

  it('hands indexes over by variable, never by argument', async () => {
    await resolveWith(
      answering,
      {
        packages: ['demo'],
        pipIndex: 'https://me:secret@index.example/simple',
        pipExtraIndexUrls: ['https://a.example/', 'https://b.example/'],
      },
      { env: { PATH: process.env['PATH'], UV_INDEX_URL: 'old', UV_EXTRA_INDEX_URL: 'old' }, offline: true },
    );
    expect(await linesOf('args')).toContain('--offline');
    expect((await linesOf('args')).join('\n')).not.toContain('secret');
    const env = (await linesOf('env')).filter((line) => line.startsWith('UV_')).toSorted();
    expect(env).toEqual([
      `UV_CACHE_DIR=${join(folder, 'uv-cache')}`,
      'UV_DEFAULT_INDEX=https://me:secret@index.example/simple',
      'UV_INDEX=https://a.example/ https://b.example/',
    ]);
  });

  it('reads a lock without uv', async () => {
    const file = join(folder, 'pylock.toml');
    await writeFile(file, LOCK);
    const uv = () => Promise.reject(new Error('uv was asked for'));
    const lock = await resolveWith('exit 1', { requirementsFile: file }, { uv });
    expect(lock.wheels.map(({ name }) => name)).toEqual(['demo']);
  });

  it('asks nobody for nothing', async () => {
    const file = join(folder, 'requirements.txt');
    await writeFile(file, '# nothing yet\n');
    const uv = () => Promise.reject(new Error('uv was asked for'));
    expect((await resolveWith('exit 1', { requirementsFile: file }, { uv })).wheels).toEqual([]);
  });

  it('stops with the build', async () => {
    const uv = await program(join(folder, 'slow'), 'sleep 40');
    const controller = new AbortController();
    const ctx = { ...testContext(), signal: controller.signal };
    const wants = { packages: ['demo'], pipExtraIndexUrls: [] };
    const scratch = join(folder, 'scratch');
    const options = {
      uv: () => Promise.resolve(uv),
      scratch,
      env: process.env,
      offline: false,
      cacheFolder: folder,
      hooks,
    };
    const work = resolve(ctx, wants, interpreterOf('3.12.1'), options);
    setTimeout(() => controller.abort(), 100);
    await expectCode(() => work, 'ABORTED');
  });
});

describe('a uv.lock', () => {
  const wantsLock = async (): Promise<Partial<Wants>> => {
    await writeFile(join(folder, 'pyproject.toml'), '[project]\nname = "x"');
    await writeFile(join(folder, 'uv.lock'), 'version = 1');
    return { requirementsFile: join(folder, 'uv.lock') };
  };

  it('is exported by uv as it is, without the project and what is for its development', async () => {
    const lock = await resolveWith(answering, await wantsLock(), { offline: true });
    expect(lock.wheels.map(({ name }) => name)).toEqual(['demo']);
    const args = await linesOf('args');
    expect(args[0]).toBe('export');
    expect(args).toEqual(
      expect.arrayContaining(['--frozen', '--no-dev', '--no-emit-project', '--project', folder, '--offline']),
    );
  });

  it('is exported with extras and groups, and without what is left out', async () => {
    const project = '[project]\nname = "x"\noptional-dependencies.cli = []\n[dependency-groups]\nprod = []\ndev = []';
    const wants = await wantsLock();
    await writeFile(join(folder, 'pyproject.toml'), project);
    const options = optionsOf('--no-install-package a --no-install-local');
    await resolveWith(answering, { ...wants, extras: ['cli'], groups: ['prod', 'dev'], options });
    const args = (await linesOf('args')).join(' ');
    expect(args).toContain('--extra cli --group prod --group dev --no-emit-local --no-emit-package a');
    expect(args).not.toContain('--no-dev');
  });

  it('that uv cannot read is told', async () => {
    const script = "echo 'error: Failed to parse `uv.lock`\n  cause: TOML parse error' >&2; exit 2";
    const wants = await wantsLock();
    const error = await expectCode(() => resolveWith(script, wants), 'REQUIREMENTS_INVALID');
    expect(error.message).toMatch(
      /^The lock file .*uv\.lock cannot be read: Failed to parse `uv\.lock`: TOML parse error$/,
    );
    expect(error.hint).toContain('uv lock');
    await expectCode(() => resolveWith('kill -KILL $$', wants), 'UV_MISSING');
  });
});

describe('a poetry.lock', () => {
  const HASH = 'a'.repeat(64);
  const wantsLock = async (hash = HASH): Promise<Partial<Wants>> => {
    const project = '[project]\nname = "x"\ndependencies = ["demo"]\n[dependency-groups]\nprod = ["six"]';
    await writeFile(join(folder, 'pyproject.toml'), project);
    const head = `name = "demo"\nversion = "1.0"\noptional = false\npython-versions = ">=3.9"\ngroups = ["main"]\n`;
    const file = `files = [{file = "demo-1.0-py3-none-any.whl", hash = "sha256:${hash}"}]\n`;
    const metadata = `[metadata]\nlock-version = "2.1"\ncontent-hash = "${contentHashes(project)[0]}"\n`;
    await writeFile(join(folder, 'poetry.lock'), `[[package]]\n${head}${file}${metadata}`);
    return { requirementsFile: join(folder, 'poetry.lock') };
  };

  it('has uv tell where the files of its versions are', async () => {
    const lock = await resolveWith(answering, await wantsLock());
    expect(lock.wheels).toMatchObject([{ name: 'demo', version: '1.0', requested: true }]);
    const args = await linesOf('args');
    const question = join(folder, 'scratch', 'poetry', 'pyproject.toml');
    expect(args.slice(0, 4)).toEqual(['pip', 'compile', question, '--no-deps']);
    expect(await readFile(question, 'utf8')).toContain('dependencies = ["demo==1.0"]');
  });

  it('is held against its digests', async () => {
    const wants = await wantsLock('b'.repeat(64));
    await expectCode(() => resolveWith(answering, wants), 'DIGEST_MISMATCH');
  });

  it('is of the project beside it, as it is now', async () => {
    const wants = await wantsLock();
    expect(
      (await expectCode(() => resolveWith('', { ...wants, extras: ['x'] }), 'REQUIREMENTS_INVALID')).message,
    ).toMatch(/has no extra "x"/);
    await expectCode(() => resolveWith('', { ...wants, packages: ['six'] }), 'NOT_SUPPORTED');
    await writeFile(join(folder, 'pyproject.toml'), '[project]\nname = "x"\ndependencies = ["other"]');
    const error = await expectCode(() => resolveWith('', wants), 'REQUIREMENTS_INVALID');
    expect(error.message).toMatch(/pyproject\.toml has changed since .*poetry\.lock was made/);
  });

  it('may have nothing for the target', async () => {
    const wants = await wantsLock();
    const path = join(folder, 'poetry.lock');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('groups = ["main"]', 'groups = ["main"]\nmarkers = "os_name == \'nt\'"'));
    expect(await resolveWith('exit 1', wants)).toMatchObject({ wheels: [], sources: [] });
  });
});

describe('options of the user', () => {
  it('go to uv, indexes and keyring by variable', async () => {
    await writeFile(join(folder, 'limits.txt'), 'demo<2\n');
    const constraints = [join(folder, 'limits.txt')];
    const text =
      '--pre --resolution lowest --find-links https://me:secret@index.example/l --keyring-provider subprocess';
    await resolveWith(answering, { packages: ['demo'], options: { ...optionsOf(text), constraints } });
    const args = (await linesOf('args')).join(' ');
    expect(args).toContain(`--pre --resolution=lowest --constraints ${constraints[0]}`);
    expect(args).not.toContain('secret');
    expect(await linesOf('env')).toEqual(
      expect.arrayContaining(['UV_FIND_LINKS=https://me:secret@index.example/l', 'UV_KEYRING_PROVIDER=subprocess']),
    );
  });

  it('decide what may come as source', async () => {
    await resolveWith(answering, { packages: ['demo'], options: optionsOf('--no-binary demo') });
    expect((await linesOf('args')).join(' ')).toContain('--only-binary :all: --no-binary demo ');
    await resolveWith(answering, { packages: ['demo'], options: optionsOf('--no-binary :all: --only-binary demo') });
    expect((await linesOf('args')).join(' ')).toContain('--no-binary :all: --only-binary demo ');
    const needs =
      "echo 'hint: Wheels are required for `a` because building from source is disabled for all packages' >&2; exit 1";
    for (const text of ['--only-binary :all:', '--only-binary a'])
      await expectCode(() => resolveWith(needs, { packages: ['a'], options: optionsOf(text) }), 'NO_WHEEL');
  });

  it('of pip hold for uv', async () => {
    const env = { PATH: process.env['PATH'], PIP_KEYRING_PROVIDER: 'subprocess' };
    await resolveWith(answering, undefined, { env });
    expect(await linesOf('env')).toContain('UV_KEYRING_PROVIDER=subprocess');
    await resolveWith(answering, undefined, { env: { ...env, UV_KEYRING_PROVIDER: 'disabled' } });
    expect(await linesOf('env')).toContain('UV_KEYRING_PROVIDER=disabled');
  });
});

describe('lists with paths of this host', () => {
  it('are read as copies, but told by their own names', async () => {
    await mkdir(join(folder, 'pkg'));
    await writeFile(join(folder, 'pkg', 'setup.py'), '');
    await writeFile(join(folder, 'requirements.txt'), '-e ./pkg\n');
    const wants = { requirementsFile: join(folder, 'requirements.txt') };
    const script = `first="$(sed -n 3p "${folder}/args")"; cat "$first" >"${folder}/read"; echo "error: unexpected thing: $first:1" >&2; exit 1`;
    const error = await expectCode(() => resolveWith(script, wants), 'REQUIREMENTS_INVALID');
    expect(await readFile(join(folder, 'read'), 'utf8')).toBe(`file://${folder}/pkg\n`);
    expect(error.message).toContain(`${folder}/requirements.txt:1`);
  });
});

describe('distributions without wheels', () => {
  const needs = (name: string): string =>
    `echo 'hint: Wheels are required for \`${name}\` because building from source is disabled for all packages' >&2; exit 1`;
  const asked = `echo "$all" | grep -q -- "--no-binary`;
  it('are asked for as sources, one after the other, and only they', async () => {
    const script = `${asked} a" || { ${needs('a')}; }\n${asked} b" || { ${needs('b')}; }\n${answering}`;
    const lock = await resolveWith(`all="$(tr '\\n' ' ' <"${folder}/args")"\n${script}`, undefined);
    expect(lock.wheels.map(({ name }) => name)).toEqual(['demo']);
    const args = await linesOf('args');
    expect(args.join(' ')).toContain('--only-binary :all: --no-binary a --no-binary b ');
  });

  it('are asked for as such from the start when a URL says it', async () => {
    await resolveWith(answering, { packages: ['x @ git+https://git.example/x'] });
    expect((await linesOf('args')).join(' ')).toContain('--no-binary x ');
  });

  it('are looked into by their hooks only if uv must', async () => {
    const python = `$(sed -n '/^--python$/{n;p}' "${folder}/args")`;
    const script = `grep -q call- "${python}" || { echo 'error: Failed to build \`a==1\`' >&2; exit 1; }\n${answering}`;
    expect((await resolveWith(script)).wheels).toHaveLength(1);
    const env = await linesOf('env');
    expect(env).toContain(`UV_CACHE_DIR=${join(folder, 'scratch', 'uv-cache')}`);
  });

  it('that fail to build are told', async () => {
    const script = `echo 'error: Failed to build \`a==1\`' >&2; exit 1`;
    const error = await expectCode(() => resolveWith(script), 'BUILD_FAILED');
    expect(error.message).toMatch(/^a 1 could not be built from source: error: Failed to build/);
  });

  it('that are named by nothing but a URL open the door for all sources', async () => {
    const script = `grep -qx -e --only-binary "${folder}/args" && { echo 'error: Building source distributions is disabled' >&2; exit 1; }`;
    await resolveWith(`${script}\n${answering}`, { packages: ['git+https://git.example/x'] });
    expect(await linesOf('args')).not.toContain('--only-binary');
  });

  it('that others need by their URL are sources too', async () => {
    const words =
      'error: Failed to download and build `x @ git+https://git.example/x`\n  cause: Building source distributions for `x` is disabled';
    const script = `grep -qx -- x "${folder}/args" || { printf '%s' '${words}' >&2; exit 1; }`;
    expect((await resolveWith(`${script}\n${answering}`)).wheels).toHaveLength(1);
  });

  it('that need git are told when it is not there', async () => {
    const words = 'error: Git executable not found. Ensure that Git is installed and available.';
    const error = await expectCode(() => resolveWith(`echo '${words}' >&2; exit 1`), 'GIT_FAILED');
    expect(error.hint).toContain('Install git on this host');
  });
});

const NOT_FOUND =
  'error: No solution found when resolving dependencies\n  cause: Because demo was not found in the package registry';

/** What uv 0.13.9 said, word for word, and what it means. */
const REFUSALS: readonly (readonly [words: string, code: ErrorCode, message: RegExp, hint: RegExp])[] = [
  [
    'error: No solution found when resolving dependencies\n  cause: Because only a==1 is available and b==2 depends on a>2,\n         we can conclude that b==2 cannot be used.\n         And because you require b==2, we can conclude that your requirements are unsatisfiable.',
    'UNRESOLVABLE',
    /glibc 2\.36: Because only a==1 is available and b==2 depends on a>2, we can conclude .* And because you require b==2/,
    /Loosen one of the versions/,
  ],
  [`${NOT_FOUND} and you require demo`, 'UNRESOLVABLE', /demo was not found/, /spelling of the name.*pip_index/],
  [
    'error: No solution found when resolving dependencies\n  cause: Because demo==1.0 has no wheels with a matching platform tag (e.g., `manylinux_2_36_x86_64`)\n\nhint: Wheels are available for `demo` (v1.0) on the following platform: `win_amd64`',
    'NO_WHEEL',
    /no wheels with a matching platform tag/,
    /Choose another version or base image/,
  ],
  [
    'error: No solution found when resolving dependencies\n  cause: Because demo==1.0 has no usable wheels\n\nhint: Wheels are required for `demo` because building from source is disabled for all packages (i.e., with `--no-build`)',
    'NO_WHEEL',
    /demo==1\.0 has no usable wheels/,
    /publish that to your index/,
  ],
  [
    `${NOT_FOUND}\n\nhint: An index URL (http://me:secret@127.0.0.1:1/) could not be queried due to a lack of valid authentication credentials (401 Unauthorized)`,
    'UNAUTHORIZED',
    /An index URL \(http:\/\/\*\*\*@127\.0\.0\.1:1\/\) could not be queried/,
    /user and token/,
  ],
  [
    `${NOT_FOUND}\n\nhint: An index (http://127.0.0.1:1/) returned a 403 Forbidden error. Check that the index URL is correct`,
    'FORBIDDEN',
    /returned a 403 Forbidden error/,
    /read access/,
  ],
  ['error: HTTP status client error (404 Not Found) for url (http://127.0.0.1:1/x.whl)', 'NOT_FOUND', /404/, /URL/],
  [
    'error: HTTP status client error (429 Too Many Requests) for url (http://127.0.0.1:1/)',
    'RATE_LIMITED',
    /429/,
    /Wait/,
  ],
  [
    'error: HTTP status server error (500 Internal Server Error) for url (http://127.0.0.1:1/demo/)',
    'SERVER_ERROR',
    /500 Internal Server Error/,
    /try again later/,
  ],
  [
    'error: Failed to fetch: `http://127.0.0.1:9/demo/`\n  cause: error sending request for url (http://127.0.0.1:9/demo/)\n  cause: Connection refused (os error 111)',
    'INDEX_UNREACHABLE',
    /error sending request for url/,
    /proxy/,
  ],
  ['error: Hash mismatch for `demo==1.0`\n  cause: Expected: sha256:00', 'DIGEST_MISMATCH', /Expected/, /hashes anew/],
  [
    'error: No solution found when resolving dependencies\n  cause: Because demo==1.0 has an invalid package format\n\nhint: The structure of `demo` (v1.0) was invalid:\n  Failed to read from zip file',
    'WHEEL_INVALID',
    /demo==1\.0 has an invalid package format/,
    /tell its authors/,
  ],
  [
    'error: Couldn\'t parse requirement in `/a/scratch/x/packages.txt` at position 0\n  cause: Expected a marker name, found `python_versio`\n         demo; python_versio < "3"\n               ^^^^^^^^^^^^^',
    'REQUIREMENTS_INVALID',
    /^The requirements cannot be read: Couldn't parse requirement in `packages`: Expected .* demo; python_versio < "3"$/,
    /Correct the line/,
  ],
  [
    "error: Unexpected '-', expected '-c', '-e', '-r' or the start of a requirement: /app/r.txt:2:1",
    'REQUIREMENTS_INVALID',
    /\/app\/r\.txt:2:1$/,
    /Correct the line/,
  ],
  [
    'error: Failed to inspect Python interpreter from provided path at `python3`\n  cause: missing field `x`',
    'UV_MISSING',
    /missing field/,
    /IMAGESPEC_UV/,
  ],
  ['', 'UNRESOLVABLE', /uv failed without a word/, /Loosen/],
];

describe('what uv refuses', () => {
  it.each(REFUSALS)('is passed on with its reasons: %j', async (words, code, message, hint) => {
    const script = `cat >&2 <<'END'\n${words}\nEND\nexit 1`;
    const error = await expectCode(() => resolveWith(script), code);
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/\n|secret/);
    expect(error.hint).toMatch(hint);
  });

  it('is a matter of the network only when that was forbidden', async () => {
    const words = `${NOT_FOUND}\n\nhint: Packages were unavailable because the network was disabled.`;
    const script = `cat >&2 <<'END'\n${words}\nEND\nexit 1`;
    const offline = await expectCode(() => resolveWith(script, undefined, { offline: true }), 'OFFLINE');
    expect(offline.hint).toBe('Build once without --offline.');
    await expectCode(() => resolveWith(script), 'UNRESOLVABLE');
  });

  it.each([
    ['kill -KILL $$', /ended by SIGKILL/],
    ['exit 0', /ended well, but wrote no lock/],
  ])('is nothing when it gives no answer: %s', async (script, words) => {
    const error = await expectCode(() => resolveWith(script), 'UV_MISSING');
    expect(error.message).toMatch(words);
    expect(error.hint).toContain('IMAGESPEC_UV');
  });

  it('is nothing when it cannot be started', async () => {
    const uv = () => Promise.resolve(join(folder, 'absent'));
    const error = await expectCode(() => resolveWith('', undefined, { uv }), 'UV_MISSING');
    expect(error.message).toContain('ENOENT');
  });
});
