// One project of Debian packages built under surroundings that a build must not depend on; test/system/same-bytes.test.ts does it with other users and Nodes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildResult } from '../src/build/result.ts';
import { readImage } from './cli/read-image.ts';
import { runCli } from './cli/run-cli.ts';
import type { DebianSample } from './debian-sample.ts';
import { startDebianSample } from './debian-sample.ts';
import { imageDifferences } from './image-differences.ts';

interface Surroundings {
  readonly folder: string;
  readonly cache: string;
  readonly umask: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** Whether it starts with the lock file of the first build. */
  readonly isLocked: boolean;
  /** Another mirror of the same packages, with a key of its own. */
  readonly sample: DebianSample;
}

interface Built {
  readonly digest: string;
  readonly project: string;
  readonly layout: string;
}

let root: string;
let sample: DebianSample;
let first: Built;

async function build(changes: Partial<Surroundings>): Promise<Built> {
  const usual = { folder: 'a', cache: 'cache', umask: '022', env: {}, args: [], isLocked: false, sample };
  const { folder, cache, umask, env, args, isLocked, sample: own }: Surroundings = { ...usual, ...changes };
  const home = await mkdtemp(join(root, 'run-'));
  const project = join(home, folder);
  const layout = join(home, 'out');
  await own.writeProject(project, isLocked ? first.project : undefined);
  const { status, stdout, stderr } = await runCli(['build', '--json', '-o', `oci:${layout}`, ...args], {
    cwd: project,
    cache: join(root, cache),
    env: { ...own.env, ...env },
    through: ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh'],
  });
  expect(status, stderr).toBe(0);
  return { digest: (JSON.parse(stdout) as BuildResult).images[0]!.digest, project, layout };
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'imagespec-same-'));
  sample = await startDebianSample();
  first = await build({ env: { TZ: 'UTC', LC_ALL: 'C' }, args: ['--workers', '0'] });
});
afterAll(async () => {
  await sample.mirror.close();
  await rm(root, { recursive: true, force: true });
});

describe('the digest is the same', () => {
  it.each<[string, Partial<Surroundings>]>([
    ['from known layers, and with a lock that may not change', { isLocked: true, args: ['--frozen'] }],
    ['when layers are made again, with one thread', { args: ['--no-cache', '--workers', '1'] }],
    ['with platforms in another order', { args: ['--no-cache', '--platform', 'linux/arm64,linux/amd64'] }],
    [
      'under another folder, umask, time zone and locale, with nothing in the cache',
      {
        folder: `another ${'longer '.repeat(9)}/folder ä`,
        cache: 'cache-b',
        umask: '077',
        env: { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8', USER: 'somebody' },
        args: ['--workers', '2'],
      },
    ],
    ['from the lock alone', { cache: 'cache-c', isLocked: true, umask: '000', args: ['--frozen', '--workers', '0'] }],
  ])('%s', async (_name, changes) => {
    const other = await build(changes);
    expect(await imageDifferences(first.layout, other.layout)).toEqual([]);
    expect(other.digest).toBe(first.digest);
  });

  it('from another mirror, which is signed with another key', async () => {
    const another = await startDebianSample();
    try {
      expect((await build({ sample: another, cache: 'cache-d' })).digest).toBe(first.digest);
    } finally {
      await another.mirror.close();
    }
  });
});

it('what scripts see of the host is the same everywhere', async () => {
  const { text, about } = await readImage(first.layout, 'arm64');
  expect(text('var/lib/looks').split('\n').slice(0, 5)).toEqual(['0022', 'root', '/', '0', '/usr/share/many0/B']);
  expect(text('var/lib/looks')).toMatch(/\ni i\n$/);
  expect(about('var/lib/made')).toBe('711 0:0 directory');
});
