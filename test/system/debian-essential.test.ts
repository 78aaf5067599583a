// An image of all that Debian calls essential, held against the root that mmdebstrap makes of the same packages with real dpkg.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LockFile } from '../../src/build/lock-file.ts';
import type { BuildResult } from '../../src/build/result.ts';
import { runCli } from '../cli/run-cli.ts';
import { differencesToApt } from './ground/debian-differences.ts';
import { certificates } from './ground/environment.ts';
import { essentialTree, listRoot } from './ground/essential-tree.ts';
import { GROUND, run } from './ground/folder.ts';
import { asRoot } from './ground/overlay.ts';
import { createPodman } from './ground/podman.ts';
import type { MadeTree, TreeListing } from './ground/tree-listing.ts';

const ARCHITECTURE = 'amd64';

/** Where mmdebstrap and we differ, beyond what every installation differs in; each with its reason. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  '/etc/apt/preferences.d': 'of mmdebstrap, which needs apt to work in the root',
  '/etc/apt/sources.list.d': 'of mmdebstrap, which needs apt to work in the root',
  '/etc/fstab': 'of mmdebstrap; no package brings it',
  '/etc/hostname': 'of the machine that ran mmdebstrap',
  '/etc/resolv.conf': 'of the machine that ran mmdebstrap',
  '/var/lib/apt': 'of mmdebstrap, which needs apt to work in the root',
  '/var/lib/dpkg/arch': 'of mmdebstrap; without it dpkg takes its own architecture',
  // Where /usr is merged before the first package is unpacked, as we do it, real dpkg leaves both links and order as we do.
  '/usr/bin/gunzip':
    'mmdebstrap leaves the merging of /usr to the package usrmerge, which copies: hard links of /bin become two files',
  '/usr/bin/uncompress': 'the same file as gunzip',
  '/etc/shells': 'names in /usr come last where /usr is merged last; compared without order',
};

let place: string;
let root: string;
let warnings: readonly string[];
let packages: readonly string[];
let ours: TreeListing;
let theirs: MadeTree;

beforeAll(async () => {
  // podman makes a name of the path, in which it takes no capitals.
  place = join(tmpdir(), `imagespec-essential-${process.pid}`);
  root = join(place, 'root');
  await mkdir(root, { recursive: true });
  const spec = { name: 'essential', base_image: 'scratch', apt_essential: true, platform: `linux/${ARCHITECTURE}` };
  await writeFile(join(place, 'imagespec.yaml'), JSON.stringify({ ...spec, apt_packages: [] }));
  const options = { cwd: place, cache: join(GROUND, 'imagespec-cache'), env: certificates() };
  const { status, stdout, stderr } = await runCli(['build', '--json', '-o', 'oci:out'], options);
  expect(status, stderr).toBe(0);
  const image = (JSON.parse(stdout) as BuildResult).images[0]!;
  warnings = image.warnings;
  for (const { digest } of image.platforms[0]!.layers.filter(({ kind }) => kind === 'debian')) {
    const layer = join(place, 'out', 'blobs', ...digest.split(':'));
    await run(...asRoot('tar', ['-C', root, '-xpzf', layer, '--numeric-owner', '--keep-directory-symlink']));
  }
  const lock = JSON.parse(await readFile(join(place, 'imagespec.lock'), 'utf8')) as LockFile;
  packages = lock.platforms[`linux/${ARCHITECTURE}`]!.debian!.packages.map(
    ({ name, version, architecture }) => `${name} ${version} ${architecture}`,
  ).sort();
  ours = await listRoot(root);
  theirs = await essentialTree('bookworm', packages);
});

afterAll(async () => {
  await run(...asRoot('rm', ['-rf', place]));
  await rm(place, { recursive: true, force: true });
});

it('has the packages that apt chooses, all configured', () => {
  expect(packages).toEqual(theirs.packages);
  expect(warnings).toEqual([]);
});

it('has the tree that dpkg makes', () => {
  expect(theirs.tree.size).toBeGreaterThan(6000);
  const lines = differencesToApt(ours, theirs.tree, new Set());
  const pathOf = (line: string): string => line.slice(0, line.indexOf(': '));
  expect(lines.filter((line) => DIFFERENCES[pathOf(line)] === undefined)).toEqual([]);
  expect(lines.map(pathOf)).toEqual(Object.keys(DIFFERENCES).sort());
  const shells = (tree: TreeListing): string[] => tree.get('etc/shells')!.text!.split('\n').sort();
  expect(shells(ours)).toEqual(shells(theirs.tree));
  for (const path of ['usr/bin/gunzip', 'usr/bin/uncompress']) {
    expect(ours.get(path)).toMatchObject({ sha256: theirs.tree.get(path)!.sha256, mode: theirs.tree.get(path)!.mode });
  }
});

it('has a database that dpkg finds nothing wrong with', async () => {
  expect(await run(...asRoot('dpkg', ['--root', root, '--audit']))).toBe('');
  expect(await run(...asRoot('dpkg', ['--root', root, '--verify']))).toBe('');
});

it('starts: a shell, the GNU tools and dpkg, for a user who is not root', async () => {
  const podman = await createPodman('overlay');
  try {
    const script =
      'id -u; dpkg --audit; dpkg --verify >/dev/null; echo words | sed s/w/W/ | gzip | gunzip; perl -e "print 6 * 7"';
    expect(await podman.run(`oci:${join(place, 'out')}`, ['/bin/sh', '-ec', script])).toBe('1000\nWords\n42');
  } finally {
    await podman.close();
  }
});
