// Images from nothing, for this machine and for another: choice, files, database, and the program that runs.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fieldOf, parseStanzas } from '../../src/deb/control.ts';
import type { LockFile } from '../../src/build/lock-file.ts';
import type { BuildResult } from '../../src/build/result.ts';
import { runCli } from '../cli/run-cli.ts';
import { askApt } from './ground/apt-oracle.ts';
import { aptState } from './ground/apt-state.ts';
import { certificates } from './ground/environment.ts';
import { GROUND, run } from './ground/folder.ts';
import { asRoot } from './ground/overlay.ts';
import { createPodman } from './ground/podman.ts';

const PLATFORMS = ['amd64', 'arm64'] as const;
type Architecture = (typeof PLATFORMS)[number];
/** Made by scripts, and folders and links of which no package is the owner; certificates and the records of dpkg are counted apart. */
const MADE = [
  'etc/alternatives/awk',
  'etc/alternatives/awk.1.gz',
  'etc/alternatives/nawk',
  'etc/alternatives/nawk.1.gz',
  'etc/alternatives/rmt',
  'etc/alternatives/rmt.8.gz',
  'etc/ca-certificates.conf',
  'etc/dpkg/origins/default',
  'etc/group',
  'etc/inputrc',
  'etc/motd',
  'etc/opt',
  'etc/passwd',
  'etc/profile',
  'etc/python3',
  'etc/python3/debian_config',
  'etc/systemd',
  'etc/systemd/system',
  'etc/systemd/system/timers.target.wants',
  'etc/systemd/system/timers.target.wants/dpkg-db-backup.timer',
  'media',
  'mnt',
  'opt',
  'root/.bashrc',
  'root/.profile',
  'run/lock',
  'srv',
  'usr/bin/awk',
  'usr/bin/nawk',
  'usr/local',
  'usr/local/bin',
  'usr/local/etc',
  'usr/local/games',
  'usr/local/include',
  'usr/local/lib',
  'usr/local/lib/python3.11',
  'usr/local/lib/python3.11/dist-packages',
  'usr/local/man',
  'usr/local/sbin',
  'usr/local/share',
  'usr/local/share/ca-certificates',
  'usr/local/share/man',
  'usr/local/src',
  'usr/sbin/rmt',
  'usr/share/info/dir',
  'usr/share/man/man1/awk.1.gz',
  'usr/share/man/man1/nawk.1.gz',
  'usr/share/man/man8/rmt.8.gz',
  'var/lib/dpkg/alternatives/awk',
  'var/lib/dpkg/alternatives/rmt',
  'var/lib/dpkg/available',
  'var/lib/dpkg/status',
  'var/lib/dpkg/triggers',
  'var/lib/dpkg/triggers/Unincorp',
  'var/lib/dpkg/triggers/update-ca-certificates',
  'var/lib/dpkg/triggers/update-ca-certificates-fresh',
  'var/lib/python',
  'var/lib/python/python3.11_installed',
  'var/lib/systemd',
  'var/lib/systemd/deb-systemd-helper-enabled',
  'var/lib/systemd/deb-systemd-helper-enabled/dpkg-db-backup.timer.dsh-also',
  'var/lib/systemd/deb-systemd-helper-enabled/timers.target.wants',
  'var/lib/systemd/deb-systemd-helper-enabled/timers.target.wants/dpkg-db-backup.timer',
  'var/log/btmp',
  'var/log/lastlog',
  'var/log/wtmp',
  'var/mail',
  'var/opt',
  'var/spool/mail',
];

const INSTALLED = 'install ok installed';
const WANTED = ['python3', 'ca-certificates'];
const CACHE = join(GROUND, 'imagespec-cache');
const TRIPLETS: Readonly<Record<Architecture, string>> = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

let place: string;
let image: BuildResult['images'][0];
let lock: LockFile;
let compared: Readonly<Record<Architecture, Compared>>;

const blobOf = (digest: string): string => join(place, 'out', 'blobs', ...digest.split(':'));
const rootOf = (architecture: Architecture): string => join(place, architecture);
const layersOf = (architecture: Architecture): string[] =>
  image.platforms
    .find(({ platform }) => platform === `linux/${architecture}`)!
    .layers.filter(({ kind }) => kind === 'debian')
    .map(({ digest }) => blobOf(digest));
const packagesOf = (architecture: Architecture) => lock.platforms[`linux/${architecture}`]!.debian!.packages;

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
  // Before a test writes to the trees.
  compared = { amd64: await compare('amd64'), arm64: await compare('arm64') };
});

afterAll(async () => {
  await run(...asRoot('rm', ['-rf', place]));
  await rm(place, { recursive: true, force: true });
});

interface Compared {
  readonly differences: readonly string[];
  /** How many paths the packages bring. */
  readonly paths: number;
  /** What no package brings: kind, mode, owner and content by path, without names of the architecture. */
  readonly others: Readonly<Record<string, string>>;
}

async function compare(architecture: Architecture): Promise<Compared> {
  const debs = packagesOf(architecture).map(({ digest }) => {
    const hex = digest.slice('sha256:'.length);
    return join(CACHE, 'v1', 'blobs', 'sha256', hex.slice(0, 2), hex);
  });
  const script = join(import.meta.dirname, 'ground', 'compare-debs.py');
  const args = [script, rootOf(architecture), TRIPLETS[architecture], architecture, ...debs];
  return JSON.parse(await run(...asRoot('python3', args))) as Compared;
}

/** What dpkg has to say of a root: nothing, where all is well. */
async function judged(root: string): Promise<string> {
  const audit = await run(...asRoot('dpkg', ['--root', root, '--audit']));
  return audit + (await run(...asRoot('dpkg', ['--root', root, '--verify'])));
}

describe.each(PLATFORMS)('the choice for %s', (architecture) => {
  it('is apt’s', async () => {
    const status = join(place, 'empty');
    await writeFile(status, '');
    const options = architecture === 'amd64' ? [] : await aptState(architecture);
    const { install, text } = await askApt([...WANTED, 'base-files', 'base-passwd'], status, options);
    const ours = packagesOf(architecture).map(({ name, version }) => [name, version] as const);
    expect(new Map(ours), text).toEqual(install);
    expect(new Set(packagesOf(architecture).map((one) => one.architecture))).toEqual(new Set([architecture, 'all']));
  });
});

describe.each(PLATFORMS)('the tree for %s', (architecture) => {
  it('holds every path of every package as it was packed', () => {
    expect(compared[architecture].paths).toBeGreaterThan(2000);
    expect(compared[architecture].differences).toEqual([]);
  });

  it('has the folders of everybody, and those of nobody else', async () => {
    const names = ['.', 'tmp', 'var/tmp', 'root', 'run', 'home', 'etc/passwd', 'var/mail'];
    const printed = await run('stat', ['-c', '%n %a %u:%g', ...names], { cwd: rootOf(architecture) });
    expect(printed.trim().split('\n')).toEqual([
      '. 755 0:0',
      'tmp 1777 0:0',
      'var/tmp 1777 0:0',
      'root 700 0:0',
      'run 755 0:0',
      'home 755 0:0',
      'etc/passwd 644 0:0',
      'var/mail 2775 0:8',
    ]);
  });

  it('has a status of the packages that were chosen', async () => {
    const stanzas = parseStanzas(await readFile(join(rootOf(architecture), 'var/lib/dpkg/status'), 'utf8'), (line) => {
      throw new Error(`"${line}" is no field`);
    });
    const fields = ['Package', 'Version', 'Architecture', 'Status'];
    const told = stanzas.map((one) => fields.map((name) => fieldOf(one, name)).join(' '));
    const chosen = packagesOf(architecture).map((one) => `${one.name} ${one.version} ${one.architecture} ${INSTALLED}`);
    expect(told.sort()).toEqual(chosen.sort());
    for (const name of ['Maintainer', 'Description']) {
      expect(stanzas.filter((one) => fieldOf(one, name) === undefined)).toEqual([]);
    }
  });

  it('has a database that dpkg and apt find nothing wrong with', async () => {
    const root = rootOf(architecture);
    // The dpkg of this machine must be told that the other architecture is meant.
    await run(...asRoot('sh', ['-c', `printf 'amd64\narm64\n' > '${root}/var/lib/dpkg/arch'`]));
    expect(await judged(root)).toBe('');
    const apt = ['-o', `Dir::State::status=${root}/var/lib/dpkg/status`, '-o', 'Dir::State::extended_states=/dev/null'];
    const own = ['-o', `APT::Architecture=${architecture}`, '-o', `APT::Architectures=${architecture}`];
    expect(await run(...asRoot('apt-get', [...apt, ...own, '-o', 'Dir::Cache::pkgcache=', 'check', '-qq']))).toBe('');
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

describe('what scripts and we made', () => {
  const isRecord = (path: string): boolean => path.startsWith('var/lib/dpkg/info/');
  const isCertificate = (path: string): boolean => path.startsWith('etc/ssl/certs/');

  it('is this', () => {
    const paths = Object.keys(compared.arm64.others);
    expect(paths.filter((path) => !isRecord(path) && !isCertificate(path))).toEqual(MADE);
    expect(Object.keys(compared.amd64.others).filter((path) => !paths.includes(path))).toEqual(['usr/lib64']);
    const certificates = paths.filter(isCertificate).map((path) => path.slice('etc/ssl/certs/'.length));
    const named = certificates.filter((name) => name.endsWith('.pem'));
    const hashed = certificates.filter((name) => /^[0-9a-f]{8}\.\d$/.test(name));
    expect(named.length).toBeGreaterThan(100);
    expect(hashed.length).toBe(named.length);
    expect(certificates.length).toBe(2 * named.length + 1);
    expect(certificates).toContain('ca-certificates.crt');
  });

  it('is the same for both architectures, to the byte', () => {
    const { amd64, arm64 } = compared;
    // Of packages whose files differ: their lists, sums, symbols and dependencies.
    const differ = (path: string): boolean => isRecord(path) || path === 'var/lib/dpkg/status';
    for (const [path, facts] of Object.entries(arm64.others)) {
      const kindAndOwner = (told = ''): string => told.split(' ').slice(0, 3).join(' ');
      if (differ(path)) expect(kindAndOwner(amd64.others[path]), path).toBe(kindAndOwner(facts));
      else expect(amd64.others[path], path).toBe(facts);
    }
  });
});

it('starts, as a user who is not root, with working libraries and certificates', async () => {
  const podman = await createPodman('overlay');
  try {
    const code = `import bz2, ctypes, glob, hashlib, json, lzma, os, sqlite3, ssl, subprocess, zlib
context = ssl.create_default_context(cafile="/etc/ssl/certs/ca-certificates.crt")
paths = ssl.get_default_verify_paths()
files = glob.glob("/usr/share/ca-certificates/mozilla/*.crt")
verify = ["openssl", "verify", "-no_check_time", "-no-CAfile", "-no-CAstore", "-CApath", os.path.realpath(paths.capath)]
found = subprocess.run(verify + files, capture_output=True, text=True)
squeezed = [m.decompress(m.compress(b"words")) == b"words" for m in (bz2, lzma, zlib)]
print(json.dumps({
  "user": os.getuid(),
  "bundle": len(context.get_ca_certs()) == len(files) > 100,
  "default": ssl.create_default_context().cert_store_stats()["x509_ca"] == len(files),
  "hashed": found.returncode == 0 and found.stdout.count(": OK") == len(files) or found.stdout + found.stderr,
  "squeezed": squeezed,
  "sha256": hashlib.sha256(b"").hexdigest()[:8],
  "libc": ctypes.CDLL("libc.so.6").abs(-7),
  "sqlite": sqlite3.connect(":memory:").execute("select 6 * 7").fetchone()[0],
}))`;
    const printed = await podman.run(`oci:${join(place, 'out')}`, ['/usr/bin/python3', '-c', code]);
    expect(JSON.parse(printed)).toEqual({
      user: 1000,
      bundle: true,
      default: true,
      hashed: true,
      squeezed: [true, true, true],
      sha256: 'e3b0c442',
      libc: 7,
      sqlite: 42,
    });
  } finally {
    await podman.close();
  }
});

it('is small', () => {
  for (const { platform, layers } of image.platforms) {
    const size = layers.reduce((sum, layer) => sum + layer.size, 0);
    expect(size, platform).toBeLessThan(30e6);
  }
});
