// Pythons that are brought, started: this machine's own, packed in the form of python-build-standalone and served on the loopback, and
// Debian's; and what uv says of the real ones.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LockFile } from '../../src/build/lock-file.ts';
import type { BuildResult, ImageResult } from '../../src/build/result.ts';
import { createContext } from '../../src/core/context.ts';
import { choosePython } from '../../src/python/choose-python.ts';
import { findUv } from '../../src/python/uv.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { runCli } from '../cli/run-cli.ts';
import { downloadsDocument, hexOf, releasePath } from '../python/make-python.ts';
import { certificates } from './ground/environment.ts';
import { GROUND, run } from './ground/folder.ts';
import type { Podman } from './ground/podman.ts';
import { createPodman } from './ground/podman.ts';
import type { GitServer } from './ground/source-projects.ts';
import { serveFiles } from './ground/source-projects.ts';

const CACHE = join(GROUND, 'imagespec-cache');
/** What Debian's interpreter is linked to, and so that there is a dpkg database without sources. */
const LIBRARIES = ['libc6', 'libexpat1', 'zlib1g', 'libssl3', 'libffi8', 'libsqlite3-0', 'libbz2-1.0', 'liblzma5'];
const FILE = 'cpython-3.11.2+20261110-x86_64-unknown-linux-gnu-install_only.tar.gz';

let place: string;
let server: GitServer;
let podman: Podman;
let env: Record<string, string>;

async function build(name: string, spec: Readonly<Record<string, unknown>>, ...args: string[]): Promise<ImageResult> {
  const folder = join(place, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'imagespec.yaml'), JSON.stringify({ name, ...spec }));
  const options = { cwd: folder, cache: CACHE, env };
  const { status, stdout, stderr } = await runCli(['build', '-o', 'oci:out', '--json', ...args], options);
  expect(status, stderr).toBe(0);
  return (JSON.parse(stdout) as BuildResult).images[0]!;
}

beforeAll(async () => {
  // podman makes a name of the path, in which it takes no capitals.
  place = join(tmpdir(), `imagespec-interpreter-${process.pid}`);
  const mirror = join(place, 'mirror', '20261110');
  await mkdir(mirror, { recursive: true });
  const rename = ['s,^usr/bin/,python/bin/,S', 's,^usr/lib/,python/lib/,S'].flatMap((one) => ['--transform', one]);
  const options = ['-C', '/', '--exclude=__pycache__', ...rename];
  await run('tar', ['-czf', join(mirror, FILE), ...options, 'usr/bin/python3.11', 'usr/lib/python3.11']);
  const sha256 = hexOf(await readFile(join(mirror, FILE)));
  const url = `https://host.invalid/${releasePath(FILE)}`;
  await writeFile(join(place, 'mirror', 'list.json'), downloadsDocument([{ version: '3.11.2', url, sha256 }]));
  server = await serveFiles(join(place, 'mirror'));
  const named = { UV_PYTHON_INSTALL_MIRROR: server.url, UV_PYTHON_DOWNLOADS_JSON_URL: `${server.url}/list.json` };
  env = { ...certificates(), ...named };
  podman = await createPodman('overlay');
  await build('small', { base_image: 'scratch', apt_packages: LIBRARIES, apt_essential: true });
});

afterAll(async () => {
  await podman.close();
  await server.stop();
  await rm(place, { recursive: true, force: true });
});

const LOOK = `
import json, sys, ssl, sqlite3, ctypes, bz2, lzma, sysconfig, docopt, six
print(json.dumps([sys.version_info[:3], sys.prefix, sys.base_prefix, sys.executable, six.__file__, json.__cached__]))
`;

const kindsOf = ({ platforms }: ImageResult): string[] =>
  platforms.flatMap(({ layers }) => layers.map(({ kind }) => kind));

describe('a managed Python', () => {
  // docopt exists as source only: it is built by the interpreter that was brought.
  const spec = {
    base_image: 'oci:../small/out',
    python_version: '3.11',
    packages: ['six==1.16.0', 'docopt==0.6.2'],
    compile: true,
    commands: ['python -c "import six, sys; print(sys.version)" > /said'],
  };
  let image: ImageResult;

  beforeAll(async () => {
    image = await build('managed', spec);
  });

  it('starts in its own folder, with what was installed for it', async () => {
    expect(kindsOf(image).filter((kind) => kind !== 'base')).toEqual([
      'interpreter',
      'user',
      'environment',
      'packages',
      'packages',
      'bytecode',
      'commands',
    ]);
    const root = '/opt/python/cpython-3.11.2';
    const said = await podman.run(`oci:${join(place, 'managed', 'out')}`, ['python', '-c', LOOK]);
    expect(JSON.parse(said)).toEqual([
      [3, 11, 2],
      '/opt/venv',
      root,
      '/opt/venv/bin/python',
      '/opt/venv/lib/python3.11/site-packages/six.py',
      `${root}/lib/python3.11/json/__pycache__/__init__.cpython-311.pyc`,
    ]);
    expect(await podman.run(`oci:${join(place, 'managed', 'out')}`, ['cat', '/said'])).toMatch(/^3\.11\.2 /);
  });

  it('is started by our own runner too', async () => {
    const command = ['run', 'oci:out', 'python', '-c', 'import sys; print(sys.base_prefix)'];
    const { status, stdout, stderr } = await runCli(command, { cwd: join(place, 'managed'), cache: CACHE });
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: '/opt/python/cpython-3.11.2\n' });
  });

  it('is the same from an empty cache, by the lock', async () => {
    const { interpreter } = (JSON.parse(await readFile(join(place, 'managed', 'imagespec.lock'), 'utf8')) as LockFile)
      .platforms['linux/amd64']!;
    expect(interpreter).toMatchObject({ version: '3.11.2', url: `https://host.invalid/${releasePath(FILE)}` });
    const options = { cwd: join(place, 'managed'), cache: join(place, 'cache'), env };
    const again = await runCli(['build', '-o', 'oci:again', '--json', '--frozen'], options);
    expect(again.status, again.stderr).toBe(0);
    expect((JSON.parse(again.stdout) as BuildResult).images[0]!.digest).toBe(image.digest);
  });
});

describe('Debian’s Python', () => {
  it('comes with the other packages, for both architectures, and with certificates', async () => {
    const spec = {
      base_image: 'scratch',
      platform: 'linux/amd64,linux/arm64',
      apt_packages: ['libc-bin'],
      python_version: '3.11',
      packages: ['six==1.16.0'],
    };
    const image = await build('debian', spec);
    expect(image.warnings).toEqual([]);
    expect(kindsOf(image)).not.toContain('interpreter');
    const { platforms } = JSON.parse(await readFile(join(place, 'debian', 'imagespec.lock'), 'utf8')) as LockFile;
    for (const name of ['linux/amd64', 'linux/arm64']) {
      const wanted = platforms[name]!.debian!.packages.filter(({ requested }) => requested).map((one) => one.name);
      expect(wanted.sort()).toEqual(['ca-certificates', 'libc-bin', 'python3', 'python3.11']);
    }
    const look =
      'import sys, six, ssl, venv, distutils; print(sys.base_prefix, len(ssl.create_default_context().get_ca_certs()) > 50)';
    const said = await podman.run(`oci:${join(place, 'debian', 'out')}`, ['python', '-W', 'ignore', '-c', look]);
    expect(said.trim()).toBe('/usr True');
  });
});

describe('python_exec', () => {
  it('sees what Debian has for it, and what was installed', async () => {
    const image = await build('exec', {
      base_image: 'scratch',
      apt_packages: ['python3', 'python3-six'],
      python_exec: '/usr/bin/python3',
      packages: ['idna==3.10'],
    });
    expect(kindsOf(image)).toContain('environment');
    const look = 'import idna, six; print(idna.__file__, six.__file__)';
    const said = await podman.run(`oci:${join(place, 'exec', 'out')}`, ['python', '-c', look]);
    expect(said.trim()).toBe(
      '/opt/venv/lib/python3.11/site-packages/idna/__init__.py /usr/lib/python3/dist-packages/six.py',
    );
  });
});

describe('what uv offers', () => {
  it('has the checksum that is built into it, for both machines and C libraries', async () => {
    let count = 0;
    const cache = createLocalCache(CACHE, {
      now: () => Date.now(),
      random: () => `interpreter-${process.pid}-${count++}`,
    });
    const uv = (): Promise<string> => findUv(createContext(), { cache, env: process.env, offline: false });
    const wanted = '3.12.13';
    const choose = (machine: string, libc: { kind: 'glibc' | 'musl'; major: number; minor: number }) =>
      cache.scratch((scratch) =>
        choosePython(createContext(), { machine, libc, wanted }, { uv, env: process.env, scratch }),
      );
    const found = await Promise.all([
      choose('x86_64', { kind: 'glibc', major: 2, minor: 36 }),
      choose('aarch64', { kind: 'musl', major: 1, minor: 2 }),
    ]);
    expect(found.map(({ version, digest }) => `${version} ${digest}`)).toEqual([
      '3.12.13 sha256:506191be3ee7bd190a8834dcdc1b3bc70aab50608deccc711935aa007239cabd',
      '3.12.13 sha256:0c9164b6f4ab0768bbcdf84683aabd680e8d75fa8347c6cecfdc5dad817ffd08',
    ]);
    expect(found[0].url).toMatch(
      /\/20260807\/cpython-3\.12\.13%2B20260807-x86_64-unknown-linux-gnu-install_only_stripped\.tar\.gz$/,
    );
  });
});
