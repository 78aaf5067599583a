// One real project, two platforms, built wherever it must give the same digest: by other users, Nodes, file systems and with other caches.
import { randomUUID } from 'node:crypto';
import { chmod, copyFile, cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildResult, ImageResult } from '../../src/build/result.ts';
import { copy } from '../../src/content/copy.ts';
import { createContext } from '../../src/core/context.ts';
import { layoutStore } from '../../src/store/layout.ts';
import { runCli } from '../cli/run-cli.ts';
import type { DebianSample } from '../debian-sample.ts';
import { startDebianSample } from '../debian-sample.ts';
import { imageDifferences } from '../image-differences.ts';
import type { TreeManner } from '../odd-tree.ts';
import { writeOddTree } from '../odd-tree.ts';
import { bookwormIndex } from './ground/bases.ts';
import { certificates } from './ground/environment.ts';
import { run } from './ground/folder.ts';
import { nodeOf, plainUser } from './ground/tools.ts';

interface Surroundings extends TreeManner {
  /** The folder that the project's own is made in; the system's temporary one if not given. */
  readonly place?: string;
  readonly folder?: string;
  readonly umask?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** `chosen`: as many as the builder likes. */
  readonly workers?: number | 'chosen';
  readonly node?: string;
  readonly args?: readonly string[];
  /** `own` is filled before; `empty` makes the build fetch and read everything itself. */
  readonly cache?: 'common' | 'own' | 'empty';
  readonly user?: 'same' | 'other';
  /** Wheels on a base of Debian, unless it is Debian packages from nothing. */
  readonly kind?: 'wheels' | 'debian';
}

interface Built {
  readonly image: ImageResult;
  readonly layout: string;
  readonly project: string;
}

let root: string;
/** Folders outside of `root`. */
const others: string[] = [];
let first: Built;
let sample: DebianSample;
let firstDebian: Built;

/** Options that make a run another user's: a plain one, or, where this process may not become one, root of a namespace. */
async function asOther(folders: readonly string[]): Promise<string[]> {
  const name = await plainUser();
  if (name === undefined) return ['unshare', '--map-root-user'];
  const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name])));
  const [uid = '', gid = ''] = ids.map((id) => id.trim());
  await run('chown', ['-R', '-h', `${uid}:${gid}`, ...folders]);
  // The clone and its Node may lie where only their owner may look.
  const mayLook = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...mayLook];
}

async function writeProject(folder: string, manner: TreeManner, kind: Surroundings['kind']): Promise<void> {
  if (kind === 'debian') {
    await sample.writeProject(folder, firstDebian?.project);
    return;
  }
  await writeOddTree(join(folder, 'app'), manner);
  await writeFile(join(folder, 'one file.txt'), 'one\n');
  await writeFile(join(folder, 'requirements.txt'), 'numpy\nfastapi\nuvicorn\n');
  await symlink(join(root, 'base'), join(folder, 'base'));
  const spec = {
    name: 'same',
    base_image: 'oci:base',
    platform: 'linux/amd64,linux/arm64',
    requirements: 'requirements.txt',
    copy: ['app', 'one file.txt'],
  };
  // JSON is YAML.
  await writeFile(join(folder, 'imagespec.yaml'), JSON.stringify(spec));
  if (first) await copyFile(join(first.project, 'imagespec.lock'), join(folder, 'imagespec.lock'));
}

async function cacheFor(kind: NonNullable<Surroundings['cache']>, home: string): Promise<string> {
  const common = join(root, 'cache');
  if (kind === 'common') return common;
  const own = join(home, 'cache');
  if (kind === 'own') await cp(common, own, { recursive: true });
  return own;
}

/** Builds a fresh project into a fresh layout, making every layer. */
async function build(surroundings: Surroundings = {}): Promise<Built> {
  const { place, folder = 'a', umask = '022', env, workers = 0, node, args = ['--no-cache'] } = surroundings;
  const { cache = 'common', user = 'same', kind, ...manner } = surroundings;
  const home = await mkdtemp(join(root, 'run-'));
  await chmod(home, 0o755);
  const away = place === undefined ? undefined : await mkdtemp(join(place, 'imagespec-same-'));
  if (away) others.push(away);
  const project = join(away ?? home, folder);
  await writeProject(project, manner, kind);
  const layout = join(home, 'out');
  const cacheFolder = await cacheFor(cache, home);
  const before = user === 'other' ? await asOther([home]) : [];
  const { status, stdout, stderr } = await runCli(
    ['build', '--json', '-o', `oci:${layout}`, ...(workers === 'chosen' ? [] : ['--workers', `${workers}`]), ...args],
    {
      cwd: project,
      cache: cacheFolder,
      ...(node !== undefined && { node }),
      env: { ...certificates(), ...sample.env, HOME: home, ...env },
      through: [...before, 'sh', '-c', `umask ${umask}; exec "$@"`, 'sh'],
    },
  );
  expect(status, stderr).toBe(0);
  return { image: (JSON.parse(stdout) as BuildResult).images[0]!, layout, project };
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'imagespec-same-'));
  await chmod(root, 0o755);
  const base = layoutStore(join(root, 'base'), { random: randomUUID });
  await copy(createContext(), await bookwormIndex(), base, ['latest']);
  sample = await startDebianSample();
  first = await build();
  firstDebian = await build({ kind: 'debian' });
});

afterAll(async () => {
  await sample.mirror.close();
  await Promise.all([root, ...others].map((folder) => rm(folder, { recursive: true, force: true })));
});

describe('the digest of the index is the same', () => {
  it.each<[string, Surroundings]>([
    ['in the same surroundings', {}],
    ['from known layers', { args: ['--frozen'] }],
    ['with one thread', { workers: 1 }],
    ['with two threads', { workers: 2 }],
    ['with the threads that the builder chooses', { workers: 'chosen' }],
    ['in another, longer folder', { folder: `another ${'longer '.repeat(9)}/ä` }],
    ['on another file system, with files made in reverse order', { place: '/dev/shm', backwards: true }],
    ['with files of another time', { time: 1_700_000_000 }],
    ['with the modes of another checkout', { looseModes: true }],
    ['by another user with a cache of their own', { user: 'other', cache: 'own', umask: '077' }],
    ['with umask 000', { umask: '000' }],
    [
      'in another time zone and locale',
      { env: { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' } },
    ],
    ['in no locale', { env: { TZ: 'America/St_Johns', LC_ALL: 'POSIX', LANG: 'C' } }],
    ['with wheels that are downloaded and a base that is read anew', { cache: 'empty', workers: 2 }],
    ['with Node 22', { node: nodeOf(22), workers: 1 }],
    ['with Node 24', { node: nodeOf(24), workers: 2 }],
    ['with Node 26', { node: nodeOf(26), workers: 1 }],
    ['with Node 26 and nothing known', { node: nodeOf(26), cache: 'empty' }],
  ])('%s', async (_name, surroundings) => {
    const { image, layout } = await build(surroundings);
    expect(await imageDifferences(first.layout, layout)).toEqual([]);
    expect(image.digest).toBe(first.image.digest);
    await rm(layout, { recursive: true, force: true });
  });
});

describe('the digest of an index of Debian packages is the same', () => {
  it.each<[string, Surroundings]>([
    ['with the threads that the builder chooses', { workers: 'chosen' }],
    [
      'by another user with a cache of their own',
      { user: 'other', cache: 'own', umask: '077', env: { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8' } },
    ],
    ['by another user with nothing known', { user: 'other', cache: 'empty', umask: '000', workers: 2 }],
    ['with Node 22 and nothing known', { node: nodeOf(22), cache: 'empty', workers: 1 }],
    ['with Node 24 and nothing known', { node: nodeOf(24), cache: 'empty', workers: 2, place: '/dev/shm' }],
    ['with Node 26 and nothing known', { node: nodeOf(26), cache: 'empty' }],
  ])('%s', async (_name, surroundings) => {
    const { image, layout } = await build({ ...surroundings, kind: 'debian' });
    expect(await imageDifferences(firstDebian.layout, layout)).toEqual([]);
    expect(image.digest).toBe(firstDebian.image.digest);
  });
});

describe('what is built', () => {
  it('is an index of two platforms with layers of every kind', () => {
    expect(first.image.mediaType).toBe('application/vnd.oci.image.index.v1+json');
    const kinds = first.image.platforms.map(({ layers }) => new Set(layers.map(({ kind }) => kind)));
    const all = new Set(['base', 'user', 'environment', 'packages', 'files']);
    expect(kinds).toEqual([all, all]);
  });
});
