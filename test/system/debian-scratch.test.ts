// Images from nothing, for this machine and for another: choice, files, database, and the program that runs.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LockFile } from '../../src/build/lock-file.ts';
import type { BuildResult } from '../../src/build/result.ts';
import { runCli } from '../cli/run-cli.ts';
import { askApt } from './ground/apt-oracle.ts';
import { certificates } from './ground/environment.ts';
import { GROUND, run } from './ground/folder.ts';
import { asRoot } from './ground/overlay.ts';
import { createPodman } from './ground/podman.ts';

const PLATFORMS = ['amd64', 'arm64'] as const;
type Architecture = (typeof PLATFORMS)[number];
const WANTED = ['python3', 'ca-certificates'];
const CACHE = join(GROUND, 'imagespec-cache');
const TRIPLETS: Readonly<Record<Architecture, string>> = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

let place: string;
let image: BuildResult['images'][0];
let lock: LockFile;

const blobOf = (digest: string): string => join(place, 'out', 'blobs', ...digest.split(':'));
const rootOf = (architecture: Architecture): string => join(place, architecture);
const layersOf = (architecture: Architecture): string[] =>
  image.platforms
    .find(({ platform }) => platform === `linux/${architecture}`)!
    .layers.filter(({ kind }) => kind === 'debian')
    .map(({ digest }) => blobOf(digest));

beforeAll(async () => {
  // podman makes a name of the path, in which it takes no capitals.
  place = join(tmpdir(), `imagespec-scratch-${process.pid}`);
  await mkdir(place);
  const spec = {
    name: 'scratch',
    base_image: 'scratch',
    apt_packages: WANTED,
    platform: PLATFORMS.map((one) => `linux/${one}`),
  };
  await writeFile(join(place, 'imagespec.yaml'), JSON.stringify(spec));
  const options = { cwd: place, cache: CACHE, env: certificates() };
  const { status, stdout, stderr } = await runCli(['build', '--json', '-o', 'oci:out'], options);
  expect(status, stderr).toBe(0);
  image = (JSON.parse(stdout) as BuildResult).images[0]!;
  lock = JSON.parse(await readFile(join(place, 'imagespec.lock'), 'utf8')) as LockFile;
  for (const architecture of PLATFORMS) {
    await mkdir(rootOf(architecture));
    for (const layer of layersOf(architecture)) {
      const args = ['-C', rootOf(architecture), '-xpzf', layer, '--numeric-owner', '--keep-directory-symlink'];
      await run(...asRoot('tar', args));
    }
  }
});

afterAll(async () => {
  await run(...asRoot('rm', ['-rf', place]));
  await rm(place, { recursive: true, force: true });
});

interface Compared {
  readonly differences: readonly string[];
  readonly others: readonly string[];
}

async function compare(architecture: Architecture): Promise<Compared> {
  const debs = lock.platforms[`linux/${architecture}`]!.debian!.packages.map(({ digest }) => {
    const hex = digest.slice('sha256:'.length);
    return join(CACHE, 'v1', 'blobs', 'sha256', hex.slice(0, 2), hex);
  });
  const script = join(import.meta.dirname, 'ground', 'compare-debs.py');
  const printed = await run(...asRoot('python3', [script, rootOf(architecture), ...debs]));
  return JSON.parse(printed) as Compared;
}

/** The same names for both architectures. */
const neutral = (path: string, architecture: Architecture): string =>
  path.replaceAll(TRIPLETS[architecture], 'TRIPLET').replaceAll(`:${architecture}.`, ':ARCH.');

describe('the choice', () => {
  it('is apt’s, for this machine', async () => {
    const status = join(place, 'empty');
    await writeFile(status, '');
    const { install, text } = await askApt([...WANTED, 'base-files', 'base-passwd'], status);
    const ours = lock.platforms['linux/amd64']!.debian!.packages.map(({ name, version }) => [name, version] as const);
    expect(new Map(ours), text).toEqual(install);
  });

  it('is the same for the other one, in its own versions', () => {
    const names = (architecture: Architecture): string[] =>
      lock.platforms[`linux/${architecture}`]!.debian!.packages.map(({ name }) => name).sort();
    expect(names('arm64')).toEqual(names('amd64'));
    const packages = lock.platforms['linux/arm64']!.debian!.packages;
    expect(new Set(packages.map(({ architecture }) => architecture))).toEqual(new Set(['arm64', 'all']));
  });
});

describe.each(PLATFORMS)('the tree for %s', (architecture) => {
  it('holds every file of every package as it was packed', async () => {
    const { differences } = await compare(architecture);
    expect(differences).toEqual([]);
  });

  it('has a database that dpkg and apt find nothing wrong with', async () => {
    const root = rootOf(architecture);
    // The dpkg of this machine must be told that the other architecture is meant.
    await run(...asRoot('sh', ['-c', `printf 'amd64\\narm64\\n' > '${root}/var/lib/dpkg/arch'`]));
    expect(await run(...asRoot('dpkg', ['--root', root, '--audit']))).toBe('');
    expect(await run(...asRoot('dpkg', ['--root', root, '--verify']))).toBe('');
    const apt = ['-o', `Dir::State::status=${root}/var/lib/dpkg/status`, '-o', 'Dir::State::extended_states=/dev/null'];
    const own = ['-o', `APT::Architecture=${architecture}`, '-o', `APT::Architectures=${architecture}`];
    expect(await run(...asRoot('apt-get', [...apt, ...own, '-o', 'Dir::Cache::pkgcache=', 'check', '-qq']))).toBe('');
    const states = await run('grep', ['-h', '^Status:', join(root, 'var/lib/dpkg/status')]);
    expect(new Set(states.trim().split('\n'))).toEqual(new Set(['Status: install ok installed']));
  });

  it('has programs of this architecture only', async () => {
    const script = join(import.meta.dirname, 'ground', 'elf-machines.py');
    const machines = new Set<string>();
    for (const layer of layersOf(architecture)) {
      for (const line of (await run('sh', ['-c', `python3 '${script}' < '${layer}'`])).split('\n')) machines.add(line);
    }
    machines.delete('');
    expect([...machines]).toEqual([architecture === 'amd64' ? '62' : '183']);
  });
});

it('scripts make the same for both architectures', async () => {
  const [here, there] = await Promise.all(PLATFORMS.map(compare));
  const made = (compared: Compared, architecture: Architecture): string[] =>
    compared.others
      .map((path) => neutral(path, architecture))
      .filter((path) => path !== 'lib64' && path !== 'usr/lib64');
  expect(made(there!, 'arm64')).toEqual(made(here!, 'amd64'));
  expect(here!.others).toEqual(
    expect.arrayContaining([
      'etc/passwd',
      'etc/group',
      'etc/ca-certificates.conf',
      'etc/ssl/certs/ca-certificates.crt',
      'etc/alternatives/awk',
    ]),
  );
  for (const path of ['etc/passwd', 'etc/group', 'etc/ssl/certs/ca-certificates.crt']) {
    expect(await readFile(join(rootOf('arm64'), path))).toEqual(await readFile(join(rootOf('amd64'), path)));
  }
});

it('starts, as a user who is not root, with working libraries and certificates', async () => {
  const podman = await createPodman('overlay');
  try {
    const code = `import bz2, ctypes, hashlib, json, lzma, os, sqlite3, ssl, sys, zlib
context = ssl.create_default_context(cafile="/etc/ssl/certs/ca-certificates.crt")
print(json.dumps([os.getuid(), len(context.get_ca_certs()) > 100, sqlite3.connect(":memory:").execute("select 6 * 7").fetchone()[0]]))`;
    const printed = await podman.run(`oci:${join(place, 'out')}`, ['/usr/bin/python3', '-c', code]);
    expect(JSON.parse(printed)).toEqual([1000, true, 42]);
  } finally {
    await podman.close();
  }
});

it('is small', () => {
  for (const { platform, layers } of image.platforms) {
    const size = layers.reduce((sum, layer) => sum + layer.size, 0);
    expect(size, platform).toBeLessThan(40e6);
  }
});
