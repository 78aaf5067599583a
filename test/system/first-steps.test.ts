// A new user's first minutes: a folder with a requirements.txt, `init`, `build`, `run`; nothing is edited but what they wish.
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BuildResult } from '../../src/build/result.ts';
import type { CliRun } from '../cli/run-cli.ts';
import { runCli } from '../cli/run-cli.ts';
import { bookwormIndex } from './ground/bases.ts';
import { certificates } from './ground/environment.ts';
import type { Hub } from './ground/hub.ts';
import { startHub } from './ground/hub.ts';
import { createPodman } from './ground/podman.ts';
import type { Registry } from './ground/registry.ts';
import { pushTo, startRegistry } from './ground/registry.ts';

let registry: Registry;
let hub: Hub;
let folder: string;
const project = (): string => join(folder, 'My First_Project');

const run = (...args: string[]): Promise<CliRun> =>
  runCli(args, { cwd: project(), cache: join(folder, 'cache'), env: { ...certificates(), ...hub.env } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-first-'));
  registry = await startRegistry('distribution 3');
  // The official image, as far as it is needed: its name, and a Python.
  await pushTo(registry.host, 'library/python', '3.12-slim', await bookwormIndex());
  hub = await startHub(folder, registry.host);
  await mkdir(project());
  await writeFile(join(project(), 'requirements.txt'), 'idna==3.10\n');
});

afterAll(async () => {
  hub?.close();
  await registry?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('a spec is written, built and started', async () => {
  const written = await run('init');
  expect(written.status, written.stderr).toBe(0);
  const built = await run('build');
  expect([built.status, built.stdout], built.stderr).toEqual([0, 'oci:.imagespec/my-first-project\n']);
  const program =
    'import idna, os, sys; print(idna.__version__, os.getuid(), os.getcwd(), sys.prefix, os.access(idna.__path__[0], os.W_OK))';
  const started = await run('run', 'oci:.imagespec/my-first-project', 'python', '-c', program);
  expect([started.status, started.stdout], started.stderr).toEqual([0, '3.10 1000 /root /opt/venv True\n']);
});

it('a registry is named, and the image is there under the name that `tag` prints', async () => {
  await appendFile(join(project(), 'imagespec.yaml'), `\nregistry: ${registry.host}/acme\n`);
  const pushed = await run('build', '--push', '--json');
  expect(pushed.status, pushed.stderr).toBe(0);
  const [image] = (JSON.parse(pushed.stdout) as BuildResult).images;
  const { stdout: name } = await run('tag');
  expect(image!.name).toBe(name.trim());
  const podman = await createPodman('vfs');
  try {
    const said = await podman.run(name.trim(), ['python', '-c', 'import idna; print(idna.__version__)']);
    expect(said.trim()).toBe('3.10');
  } finally {
    await podman.close();
  }
  const again = await run('build', '--push');
  expect(again.stderr).toMatch(/exists already; nothing to do/);
});

it('a spec upon a spec keeps the packages of the base that fit, and does not bring them again', async () => {
  const base = { name: 'base', packages: ['idna==3.6', 'six==1.16.0'] };
  const spec = { images: { top: { base_image: base, packages: ['requests', 'idna', 'six>=1.17'] } } };
  await mkdir(join(project(), 'upon'));
  await writeFile(join(project(), 'upon', 'imagespec.yaml'), JSON.stringify(spec));
  const built = await run('build', 'upon', '--json');
  expect(built.status, built.stderr).toBe(0);
  const top = (JSON.parse(built.stdout) as BuildResult).images.at(-1)!;
  const own = top.platforms[0]!.layers.filter(({ kind }) => kind === 'packages').map(({ content }) => content);
  expect(own.join(' ')).toContain('requests');
  expect(own.join(' ')).not.toContain('idna');
  const program =
    'from importlib.metadata import distributions as all; print([d.name + d.version for d in all() if d.name in ("idna", "six")])';
  const { stdout } = await run('run', 'oci:.imagespec/top', 'python', '-c', program);
  expect(stdout).toMatch(/^\['idna3\.6', 'six1\.1[7-9][.0-9]*'\]$|^\['six1\.1[7-9][.0-9]*', 'idna3\.6'\]$/m);
});
