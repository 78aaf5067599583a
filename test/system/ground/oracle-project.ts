// A requirement set of the tree oracle as a project on this host: its base, its package index, its spec and files; and its build.
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CliRun } from '../../cli/run-cli.ts';
import { runCli } from '../../cli/run-cli.ts';
import type { OracleSet } from '../oracle-sets.ts';
import { certificates } from './environment.ts';
import { GROUND } from './folder.ts';
import { makeHandmade } from './handmade-wheel.ts';
import type { Architecture, Target } from './oracle-target.ts';
import { writeBase } from './oracle-target.ts';
import { startIndex } from './package-index.ts';
import type { UvVenv } from './uv-tree.ts';
import { lockByUv } from './uv-tree.ts';

/** Wheels are kept from run to run, but for hand-made ones; layers are made anew (`--no-cache`). */
export const CACHE = join(GROUND, 'imagespec-cache');

export interface Project {
  readonly folder: string;
  readonly target: Target;
  readonly architectures: readonly Architecture[];
  /** As the spec has them. */
  readonly packages: readonly string[];
  /** The file that the spec names, below `folder`. */
  readonly requirements: string | undefined;
  readonly index: string | undefined;
  /** uv's side for one architecture. */
  readonly venv: (architecture: Architecture) => UvVenv;
  readonly build: () => Promise<CliRun>;
  readonly close: () => Promise<void>;
}

/**
 * @param root host folder of all projects, which share its bases
 * @param uv host path of the program, for both sides
 */
export async function createProject(root: string, set: OracleSet, uv: string): Promise<Project> {
  const { target, architectures, wheels, packages = [], requirements = {}, by = 'name' } = set;
  const folder = await mkdtemp(join(root, 'set-'));
  const base = await baseOf(root, target);
  const made = (wheels ?? []).map(makeHandmade);
  const index = wheels && (await startIndex(made));
  for (const [name, text] of Object.entries(requirements)) await writeInside(folder, name, text);
  const venv = (architecture: Architecture): UvVenv => {
    return { uv, target, architecture, folder: join(folder, architecture), from: folder, index: index?.url };
  };
  if (by === 'lock') await lockByUv(venv('amd64'), packages, 'pylock.toml');
  const asked = {
    packages: by === 'url' ? packages.map((name, at) => `${name} @ ${index!.urlOf(made[at]!)}`) : packages,
    requirements: Object.keys(requirements)[0],
    ...(by === 'lock' && { packages: [], requirements: 'pylock.toml' }),
  };
  const platform = architectures.map((architecture) => `linux/${architecture}`).join(',');
  const spec = { name: 'oracle', base_image: `oci:${base}`, platform, pip_index: index?.url, ...asked };
  // JSON is YAML.
  await writeFile(join(folder, 'imagespec.yaml'), JSON.stringify(spec));
  const build = (): Promise<CliRun> =>
    runCli(['build', '--json', '--no-cache', '-o', 'oci:out'], {
      cwd: folder,
      cache: index ? join(folder, 'cache') : CACHE,
      env: { ...certificates(), IMAGESPEC_UV: uv },
    });
  const close = async (): Promise<void> => index?.stop();
  return { folder, target, architectures, ...asked, index: index?.url, venv, build, close };
}

/** The target's base as a layout; made once. */
async function baseOf(root: string, target: Target): Promise<string> {
  const folder = join(root, `base-${target.python}-${target.libc.replace(' ', '-')}`);
  const isThere = await readFile(join(folder, 'index.json')).then(Boolean, () => false);
  if (!isThere) await writeBase(folder, target);
  return folder;
}

async function writeInside(folder: string, name: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
}
