// One project built under surroundings that a build must not depend on; test/system/same-bytes.test.ts does it with other users and Nodes.
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assembleRoot } from '../src/build/assemble.ts';
import type { BuildResult } from '../src/build/result.ts';
import { copy } from '../src/content/copy.ts';
import { createContext } from '../src/core/context.ts';
import { layoutStore } from '../src/store/layout.ts';
import { pythonBase } from './cli/python-base.ts';
import { runCli } from './cli/run-cli.ts';
import { imageDifferences } from './image-differences.ts';
import type { TreeManner } from './odd-tree.ts';
import { writeOddTree } from './odd-tree.ts';
import { smallWheel } from './small-wheel.ts';

interface Surroundings extends TreeManner {
  /** Of the project, below a folder of the test's own. */
  readonly folder: string;
  readonly cache: string;
  /** Of the builder; the project is written under the test's own. */
  readonly umask: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** A change to the project before it is built. */
  readonly change: (folder: string) => Promise<void>;
}

const USUAL: Surroundings = {
  folder: 'a',
  cache: 'cache-a',
  umask: '022',
  env: { TZ: 'UTC', LC_ALL: 'C' },
  args: ['--workers', '0'],
  change: () => Promise.resolve(),
};

let root: string;
let digest: string;

/** An index of two platforms. */
async function writeBase(folder: string): Promise<void> {
  const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
  const images = await Promise.all(platforms.map((platform) => pythonBase('3.12', platform)));
  const store = layoutStore(folder, { random: randomUUID });
  await copy(createContext(), assembleRoot(images, {}), store, ['latest']);
}

/** A `pylock.toml` with one wheel as of an index, and one that stands for itself. */
async function writePackages(folder: string): Promise<void> {
  await mkdir(join(folder, 'wheels'), { recursive: true });
  const wheels = [smallWheel('greeting', '1.0'), smallWheel('direct', '2.0')] as const;
  for (const { filename, bytes } of wheels) await writeFile(join(folder, 'wheels', filename), bytes);
  const [first, second] = wheels.map(
    ({ filename, sha256 }) => `{ path = "wheels/${filename}", hashes = { sha256 = "${sha256}" } }`,
  );
  const lock = `lock-version = "1.0"
created-by = "test"

[[packages]]
name = "greeting"
version = "1.0"
wheels = [${first}]

[[packages]]
name = "direct"
version = "2.0"
archive = ${second}
`;
  await writeFile(join(folder, 'pylock.toml'), lock);
}

async function writeProject(folder: string, manner: TreeManner): Promise<void> {
  await writeOddTree(join(folder, 'app'), manner);
  await writePackages(folder);
  await writeBase(join(folder, 'base'));
  await writeFile(join(folder, 'one file.txt'), 'one\n');
  const spec = {
    name: 'same',
    base_image: 'oci:base',
    platform: 'linux/amd64,linux/arm64',
    requirements: 'pylock.toml',
    copy: ['app', 'one file.txt'],
    env: { Z: '1', A: '2' },
  };
  // JSON is YAML.
  await writeFile(join(folder, 'imagespec.yaml'), JSON.stringify(spec));
}

/** Builds a fresh project into a fresh layout; returns the digest of the index and where it lies. */
async function build(changes: Partial<Surroundings>): Promise<{ digest: string; layout: string }> {
  const { folder, cache, umask, env, args, change, ...manner } = { ...USUAL, ...changes };
  const project = await mkdtemp(join(root, 'run-'));
  const cwd = join(project, folder);
  const layout = join(project, 'out');
  await writeProject(cwd, manner);
  await change(cwd);
  const { status, stdout, stderr } = await runCli(['build', '--json', '-o', `oci:${layout}`, ...args], {
    cwd,
    cache: join(root, cache),
    env,
    through: ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh'],
  });
  expect(status, stderr).toBe(0);
  return { digest: (JSON.parse(stdout) as BuildResult).images[0]!.digest, layout };
}

let usual: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'imagespec-same-'));
  ({ digest, layout: usual } = await build({}));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('the digest is the same', () => {
  it.each<[string, Partial<Surroundings>]>([
    ['when layers are made again', { args: ['--no-cache', '--workers', '1'] }],
    ['with platforms in another order', { args: ['--no-cache', '--platform', 'linux/arm64,linux/amd64'] }],
    ['from known layers, and with a lock that may not change', { args: ['--frozen'] }],
    [
      'under another folder, umask, time zone and locale, with nothing in the cache',
      {
        folder: `another ${'longer '.repeat(9)}/folder ä`,
        cache: 'cache-b',
        umask: '077',
        env: { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' },
        args: ['--workers', '2'],
        backwards: true,
        looseModes: true,
        time: 1_700_000_000,
      },
    ],
  ])('%s', async (_name, changes) => {
    const other = await build(changes);
    expect(await imageDifferences(usual, other.layout)).toEqual([]);
    expect(other.digest).toBe(digest);
  });

  it('without a second lock beside a lock that names files of this host', async () => {
    expect(await readdir(join(usual, '..', USUAL.folder))).not.toContain('imagespec.lock');
  });
});

describe('an unequal digest', () => {
  it('is told down to the entry', async () => {
    const other = await build({ change: (folder) => chmod(join(folder, 'app', 'modes', 'private'), 0o755) });
    expect(other.digest).not.toBe(digest);
    const lines = await imageDifferences(usual, other.layout);
    const entry =
      /^\/amd64\/copied files: app, one file.txt root\/app\/modes\/private: .*"mode":"644".* → .*"mode":"755"/;
    expect(lines).toContainEqual(expect.stringMatching(entry));
    expect(lines.filter((line) => line.includes(' root/')).length).toBe(2);
  });
});
