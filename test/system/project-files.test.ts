// What projects have beside or instead of a requirements file, with the real uv: uv.lock, pyproject.toml, the header of a script.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BuildResult } from '../../src/build/result.ts';
import { copy } from '../../src/content/copy.ts';
import { createContext } from '../../src/core/context.ts';
import { findUv } from '../../src/python/uv.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { layoutStore } from '../../src/store/layout.ts';
import { runCli } from '../cli/run-cli.ts';
import { baseImage } from './ground/bases.ts';
import { certificates } from './ground/environment.ts';
import { GROUND } from './ground/folder.ts';

const PROJECT = `[project]
name = "demo"
version = "1.0"
requires-python = ">=3.9"
dependencies = ["idna==3.10", "colorama==0.4.6; sys_platform == 'win32'", "docopt==0.6.2"]
[dependency-groups]
dev = ["iniconfig"]
`;
const SCRIPT = `# /// script
# requires-python = ">=3.9"
# dependencies = ["idna==3.10", "docopt==0.6.2"]
# ///
print("hi")
`;

let folder: string;
const cache = join(GROUND, 'imagespec-cache');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-projects-'));
  const store = layoutStore(join(folder, 'base'), { random: randomUUID });
  await copy(createContext(), await baseImage('bookworm-amd64'), store, ['latest']);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Contents and digests of the layers of packages. */
async function build(requirements: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  const place = join(folder, requirements);
  await mkdir(place, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(place, name), text);
  if (requirements === 'uv.lock') await lock(place);
  const before = await readdir(place);
  const spec = { name: 'project', base_image: 'oci:../base', platform: 'linux/amd64', requirements };
  await writeFile(join(place, 'imagespec.json'), JSON.stringify(spec));
  const args = ['build', 'imagespec.json', '-o', 'oci:../out', '--json'];
  const { status, stdout, stderr } = await runCli(args, { cwd: place, cache, env: certificates() });
  expect(status, stderr).toBe(0);
  // uv leaves nothing in the user's folder.
  const own = requirements === 'uv.lock' ? [] : ['imagespec.lock'];
  expect((await readdir(place)).sort()).toEqual([...before, 'imagespec.json', ...own].sort());
  const { layers } = (JSON.parse(stdout) as BuildResult).images[0]!.platforms[0]!;
  return layers.filter(({ kind }) => kind === 'packages').map(({ content, digest }) => `${content} ${digest}`);
}

async function lock(place: string): Promise<void> {
  const local = createLocalCache(cache, { now: Date.now, random: randomUUID });
  const uv = await findUv(createContext(), { cache: local, env: process.env, offline: false });
  await promisify(execFile)(uv, ['lock', '--python', 'python3', '--no-python-downloads'], { cwd: place });
}

it('each of them gives what the same list gives', async () => {
  const list = await build('requirements.txt', { 'requirements.txt': 'idna==3.10\ndocopt==0.6.2\n' });
  expect(list.map((one) => one.split(' sha256:')[0])).toEqual(expect.arrayContaining(['docopt 0.6.2', 'idna 3.10']));
  expect(await build('uv.lock', { 'pyproject.toml': PROJECT })).toEqual(list);
  expect(await build('pyproject.toml', { 'pyproject.toml': PROJECT })).toEqual(list);
  expect(await build('job.py', { 'job.py': SCRIPT })).toEqual(list);
});
