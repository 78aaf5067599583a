// `compile: true`: every module has bytecode that its interpreter believes without looking at the source, and the bytes are the same again.
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BuildResult } from '../../src/build/result.ts';
import { runCli } from '../cli/run-cli.ts';
import { certificates } from './ground/environment.ts';
import { GROUND } from './ground/folder.ts';
import { createPodman } from './ground/podman.ts';

const exec = promisify(execFile);
let place: string;
let image: BuildResult['images'][0];

async function build(...args: string[]): Promise<BuildResult['images'][0]> {
  const options = { cwd: place, cache: join(GROUND, 'imagespec-cache'), env: certificates() };
  const { status, stdout, stderr } = await runCli(['build', '-o', 'oci:out', '--json', ...args], options);
  expect(status, stderr).toBe(0);
  return (JSON.parse(stdout) as BuildResult).images[0]!;
}

beforeAll(async () => {
  // podman makes a name of the path, in which it takes no capitals.
  place = join(tmpdir(), `imagespec-bytecode-${process.pid}`);
  await mkdir(place);
  const spec = {
    name: 'compiled',
    base_image: 'scratch',
    apt_packages: ['python3'],
    packages: ['fastapi==0.115.0'],
    compile: true,
  };
  await writeFile(join(place, 'imagespec.yaml'), JSON.stringify(spec));
  image = await build();
});

afterAll(() => rm(place, { recursive: true, force: true }));

const layer = (of: BuildResult['images'][0]) => of.platforms[0]!.layers.find(({ kind }) => kind === 'bytecode')!;

it('is one layer with nothing else in it, above the packages', async () => {
  const { layers } = image.platforms[0]!;
  expect(layers.map(({ kind }) => kind).slice(-2)).toEqual(['packages', 'bytecode']);
  const { stdout } = await exec('tar', ['-tzf', join(place, 'out', 'blobs', ...layer(image).digest.split(':'))], {
    maxBuffer: 1 << 26,
  });
  const names = stdout.trim().split('\n');
  // Folders of the environment are the user's, which a layer must say again.
  const others = names.filter((name) => !/^opt\/venv\/(?:.*\/)?$/.test(name));
  expect(others.filter((name) => !/\/__pycache__\/(?:[^/]+\.cpython-311\.pyc)?$/.test(name))).toEqual([]);
  expect(names.filter((name) => name.startsWith('opt/venv/')).length).toBeGreaterThan(200);
  expect(names).toContain('usr/lib/python3.11/__pycache__/argparse.cpython-311.pyc');
});

it('has the same bytes when it is made again', async () => {
  const again = await build('--no-cache');
  expect(layer(again).digest).toBe(layer(image).digest);
  expect(again.digest).toBe(image.digest);
});

const CHECK = `
import importlib.util, pathlib, sys
missing, other = [], []
for root in ['/usr/lib/python3.11', '/opt/venv/lib/python3.11/site-packages']:
    for path in pathlib.Path(root).rglob('*.py'):
        cached = pathlib.Path(importlib.util.cache_from_source(str(path)))
        if not cached.exists(): missing.append(str(path))
        elif cached.read_bytes()[:8] != importlib.util.MAGIC_NUMBER + bytes([1, 0, 0, 0]): other.append(str(path))
import fastapi
print(missing, other, fastapi.__version__, fastapi.__cached__)
`;

it('is what the interpreter takes, for every module', async () => {
  const podman = await createPodman('overlay');
  try {
    const said = await podman.run(`oci:${join(place, 'out')}`, ['python', '-B', '-c', CHECK]);
    expect(said.trim()).toBe(
      '[] [] 0.115.0 /opt/venv/lib/python3.11/site-packages/fastapi/__pycache__/__init__.cpython-311.pyc',
    );
  } finally {
    await podman.close();
  }
});
