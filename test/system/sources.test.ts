// Packages that exist only as source: built in the image for the image, by whoever is allowed to be, to the same bytes.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LockFile } from '../../src/build/lock-file.ts';
import type { BuildResult, PlatformResult } from '../../src/build/result.ts';
import { createContext } from '../../src/core/context.ts';
import { findUv } from '../../src/python/uv.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { runCli } from '../cli/run-cli.ts';
import { createCiContainer, LESS_CAPABILITIES } from './ground/ci-container.ts';
import type { Caller, CommandGround, CommandOptions } from './ground/command-ground.ts';
import { callerOf, createCommandGround, leftAfter, leftovers } from './ground/command-ground.ts';
import { certificates } from './ground/environment.ts';
import { createPodman } from './ground/podman.ts';
import type { GitServer } from './ground/source-projects.ts';
import { makeRepository, serveFiles } from './ground/source-projects.ts';

/** No wheel of it was ever published, and it has an extension in C. */
const EXTENSION = 'crcmod==1.7';

const PROJECT = {
  'py/pyproject.toml': `[build-system]
requires = ["setuptools", "helper"]
build-backend = "backend"
backend-path = ["."]
[project]
name = "gitdemo"
dynamic = ["version"]
dependencies = ["idna==3.10"]
`.replace(', "helper"', ''),
  // A backend of its own tells what it can see and do; it has no metadata that could be read without running it.
  'py/backend.py': `import os
from setuptools.build_meta import *
from setuptools import build_meta
def look():
    return repr({
        'uid': os.getuid(), 'home': os.environ['HOME'], 'folder': os.getcwd(), 'log': os.environ.get('LOG_LEVEL'),
        'secret': [name for name in os.environ if 'HOST_ONLY' in name],
        'tree': sorted(os.listdir('..')), 'host': os.path.exists(os.environ['SEEN_ON_HOST']),
        'alone': [one for one in os.listdir('/proc') if one.isdigit() and int(one) > 50] == [],
    })
def build_wheel(*args, **kwargs):
    with open('gitdemo.py', 'w') as file:
        file.write('seen = ' + look())
    return build_meta.build_wheel(*args, **kwargs)
`,
  'py/setup.py': `from setuptools import setup
setup(version=open('../version.txt').read().strip(), py_modules=['gitdemo'])
`,
  'version.txt': '1.5\n',
};

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'imagespec.js');

let ground: CommandGround;
let server: GitServer;
let commit: string;
let folder: string;

beforeAll(async () => {
  ground = await createCommandGround();
  folder = await mkdtemp(join(tmpdir(), 'imagespec-git-'));
  commit = await makeRepository(join(folder, 'demo'), PROJECT);
  server = await serveFiles(folder);
});

afterAll(async () => {
  await server.stop();
  await ground.close();
  await rm(folder, { recursive: true, force: true });
});

/** In words of processes, to find them. */
const mark = `8${Date.now()}`;
const SLOW = {
  'pyproject.toml': `[build-system]
requires = []
build-backend = "slow"
backend-path = ["."]
[project]
name = "slow"
version = "1.0"
`,
  'slow.py': `import subprocess
def build_wheel(*args):
    subprocess.Popen(['setsid', 'sleep', '${mark}'])
    subprocess.run(['sleep', '${mark}'])
`,
};

const fields = () => ({
  apt_packages: ['python3', 'python3-dev', 'gcc', 'libc6-dev'],
  apt_essential: true,
  packages: [EXTENSION, `git+${server.url}/demo/.git@v1#subdirectory=py`],
  env: { LOG_LEVEL: 'info', SEEN_ON_HOST: folder },
  compile: true,
});

const build = async (caller: Caller, more: CommandOptions = {}) => {
  const own = await callerOf(ground, caller);
  const env = { ...certificates(), HOST_ONLY: '1' };
  const options = { base: 'scratch', fields: fields(), env, ...own, ...more };
  return { own, ...(await ground.build(['echo made > /made'], options)) };
};

const digests = new Map<Caller, string>();
const CHECK =
  'import crcmod._crcfunext as c, gitdemo, idna; print(hex(c._crc16(b"123456789", 0, bytes(512))), gitdemo.seen)';

describe.each(['root', 'range', 'single'] as const)('for %s', (caller) => {
  it('they are built with commands and bytecode', async () => {
    const { own, status, stderr, image } = await build(caller);
    expect(status, stderr).toBe(0);
    expect(image!.layers.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['packages', 'bytecode', 'commands']));
    digests.set(caller, image!.digest);
    expect(await leftovers(own.cache!, own.place!)).toEqual([]);
    const lock = JSON.parse(await readFile(join(own.place!, 'imagespec.lock'), 'utf8')) as LockFile;
    expect(lock.platforms['linux/amd64']!.sources).toMatchObject([
      { name: 'crcmod', from: { kind: 'sdist', filename: 'crcmod-1.7.tar.gz' } },
      { name: 'gitdemo', from: { kind: 'git', url: `${server.url}/demo/.git`, commit, subdirectory: 'py' } },
    ]);
  });
});

it('every caller makes the same image', () => {
  expect([...digests.keys()]).toEqual(['root', 'range', 'single']);
  expect(new Set(digests.values()).size).toBe(1);
});

it('in a container that forbids namespaces, chroot makes it too', async () => {
  const { own } = await build('root');
  const { place } = own;
  const made = join(ground.folder, 'chroot');
  await mkdir(made);
  for (const name of ['imagespec.yaml', 'imagespec.lock']) await copyFile(join(place!, name), join(made, name));
  const cache = createLocalCache(own.cache!, { now: Date.now, random: randomUUID });
  const uv = await findUv(createContext(), { cache, env: process.env, offline: true });
  const container = await createCiContainer(ground, ['git']);
  try {
    const env = { ...certificates(), IMAGESPEC_UV: uv };
    const ofHost = ['/etc/apt', '/usr/share/keyrings', ...Object.values(certificates())];
    const files = ofHost.filter((value) => value.startsWith('/'));
    const said = await container.run(
      `cd '${made}'; imagespec build --frozen --sandbox chroot --json -o oci:out; echo status $?; ls -A "$IMAGESPEC_CACHE/v1/scratch"; echo nothing else`,
      [
        LESS_CAPABILITIES,
        '--network=host',
        ...Object.entries(env).map(([name, value]) => `--env=${name}=${value}`),
        ...files.map((file) => `--volume=${file}:${file}:ro`),
      ],
    );
    expect(said).toMatch(/^status 0\nnothing else$/m);
    expect(said).toContain(`"${digests.get('root')!}"`);
  } finally {
    await container.close();
  }
});

it('podman and imagespec run start it and print the same; hooks saw their tree, and nothing of the host', async () => {
  const out = join(ground.folder, 'root', 'out');
  const podman = await createPodman('overlay');
  const ours = await runCli(['run', `oci:${out}`, 'python', '-c', CHECK], { cwd: ground.own, cache: ground.cache });
  expect(ours.status, ours.stderr).toBe(0);
  try {
    expect(await podman.run(`oci:${out}`, ['python', '-c', CHECK])).toBe(ours.stdout);
  } finally {
    await podman.close();
  }
  expect(ours.stdout.replace(/^\S+ /, '').trim()).toBe(
    "{'uid': 0, 'home': '/root', 'folder': '/run/imagespec/build/source/py', 'log': 'info', 'secret': [], 'tree': ['.git', 'py', 'version.txt'], 'host': False, 'alone': True}",
  );
});

it('its record says where the repository was (PEP 610)', async () => {
  const out = join(ground.folder, 'root', 'out');
  const read = 'import importlib.metadata as m; print(m.distribution("gitdemo").read_text("direct_url.json"))';
  const { stdout } = await runCli(['run', `oci:${out}`, 'python', '-c', read], {
    cwd: ground.own,
    cache: ground.cache,
  });
  expect(JSON.parse(stdout)).toEqual({
    url: `${server.url}/demo/.git`,
    subdirectory: 'py',
    vcs_info: { vcs: 'git', requested_revision: 'v1', commit_id: commit },
  });
});

it('a known wheel is neither fetched nor built again, not even for a lock that is new', async () => {
  const { own } = await build('root');
  await rm(join(own.place!, 'imagespec.lock'));
  const again = await build('root');
  expect(again.stderr).not.toMatch(/build crcmod|build gitdemo/);
  expect(again.image!.digest).toBe(digests.get('root'));
});

it('a lock is built from as it is', async () => {
  const { own, image } = await build('root');
  const args = ['build', '--frozen', '--no-cache', '--json', '-o', 'oci:frozen'];
  const { status, stdout, stderr } = await runCli(args, { cwd: own.place!, cache: own.cache!, env: certificates() });
  expect(status, stderr).toBe(0);
  const again = (JSON.parse(stdout) as BuildResult).images[0]!.platforms[0]!;
  const layersOf = ({ layers }: PlatformResult) => layers.map(({ content, digest }) => `${digest} ${content}`);
  expect(layersOf(again)).toEqual(layersOf(image!));
});

it('a missing compiler is told by what brings it', async () => {
  const { status, stderr } = await build('root', {
    fields: { ...fields(), apt_packages: ['python3', 'python3-dev'], packages: ['netifaces==0.11.0'], compile: false },
    place: ground.own,
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/error: netifaces 0\.11\.0 could not be built from source: .*\[BUILD_FAILED\]/);
  expect(stderr).toMatch(/hint: A compiler is missing: add build-essential to `apt_packages`/);
});

it('for another architecture they are refused before they are built', async () => {
  await writeFile(
    join(ground.own, 'imagespec.yaml'),
    JSON.stringify({
      name: 'foreign',
      base_image: 'scratch',
      apt_packages: ['python3'],
      packages: [EXTENSION],
      platform: 'linux/arm64',
    }),
  );
  const { status, stderr } = await runCli(['build', '-o', 'oci:foreign'], {
    cwd: ground.own,
    cache: ground.cache,
    env: certificates(),
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/What builds packages without wheels must run for linux\/arm64.*\[PLATFORM_FOREIGN\]/);
});

describe('nothing is left of a build', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('that %s ends while a hook runs', async (signal) => {
    const place = join(ground.folder, `slow-${signal}`);
    const cache = (await callerOf(ground, 'root')).cache!;
    await mkdir(place);
    await makeRepository(join(place, 'slow'), SLOW);
    const packages = [`slow @ git+file://${join(place, 'slow')}`];
    const image = { base_image: 'scratch', apt_essential: true, apt_packages: ['python3'], platform: 'linux/amd64' };
    const spec = { name: 'slow', ...image, packages };
    await writeFile(join(place, 'imagespec.yaml'), JSON.stringify(spec));
    const program = spawn(process.execPath, [BIN, 'build', '-o', 'oci:out'], {
      cwd: place,
      env: { ...process.env, IMAGESPEC_CACHE: cache },
      stdio: 'ignore',
    });
    const ended = once(program, 'exit');
    const isThere = async (): Promise<boolean> => (await leftovers(cache, mark)).some((one) => one.includes(mark));
    while (program.exitCode === null && !(await isThere())) await sleep(100);
    expect(program.exitCode).toBeNull();
    program.kill(signal);
    expect(await ended).toEqual(signal === 'SIGKILL' ? [null, 'SIGKILL'] : [130, null]);
    const isKilled = signal === 'SIGKILL';
    expect(await leftAfter(cache, mark, isKilled)).toEqual([]);
    // Neither uv nor what it has started.
    expect(await leftAfter('/nowhere', cache, isKilled)).toEqual([]);
    await expect(readFile(join(place, 'imagespec.lock'))).rejects.toThrow('ENOENT');
  });
});
