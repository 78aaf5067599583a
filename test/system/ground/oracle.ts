// The tree oracle: a requirement set built by our command line and installed by uv, the two trees side by side.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LockFile } from '../../../src/build/lock-file.ts';
import type { BuildResult, PlatformResult } from '../../../src/build/result.ts';
import { createContext } from '../../../src/core/context.ts';
import { findUv } from '../../../src/python/uv.ts';
import { createLocalCache } from '../../../src/store/cache.ts';
import type { CliRun } from '../../cli/run-cli.ts';
import type { OracleSet } from '../oracle-sets.ts';
import { certificates } from './environment.ts';
import type { InstalledTree } from './installed-tree.ts';
import { treeOfLayers } from './installed-tree.ts';
import type { Project } from './oracle-project.ts';
import { CACHE, createProject } from './oracle-project.ts';
import type { Architecture } from './oracle-target.ts';
import { treeOfRealUv, treeOfUv } from './uv-tree.ts';

export interface BothTrees {
  readonly architecture: Architecture;
  readonly ours: InstalledTree;
  readonly uvs: InstalledTree;
}

export interface Oracle {
  /** What both make of the set, for each of its architectures. */
  readonly ask: (set: OracleSet) => Promise<readonly BothTrees[]>;
  /** Our side alone, whatever becomes of it. */
  readonly build: (set: OracleSet) => Promise<CliRun>;
  /** uv's side alone, on amd64. */
  readonly install: (set: OracleSet) => Promise<InstalledTree>;
  /** uv's side for this host's own Python. */
  readonly installReally: (set: OracleSet) => Promise<InstalledTree>;
  readonly close: () => Promise<void>;
}

export async function createOracle(): Promise<Oracle> {
  const root = await mkdtemp(join(tmpdir(), 'imagespec-oracle-'));
  const cache = createLocalCache(CACHE, { now: Date.now, random: randomUUID });
  const env = { ...certificates(), PATH: process.env['PATH'] };
  const uv = await findUv(createContext(), { cache, env, offline: false });
  const within = async <T>(set: OracleSet, work: (project: Project) => Promise<T>): Promise<T> => {
    const project = await createProject(root, set, uv);
    try {
      return await work(project);
    } finally {
      await project.close();
    }
  };
  return {
    ask: (set) => within(set, askBoth),
    build: (set) => within(set, (project) => project.build()),
    install: (set) => within(set, (project) => treeOfUv(project.venv('amd64'), project.packages)),
    installReally: (set) =>
      within(set, (project) => treeOfRealUv(project.venv(project.architectures[0]!), project.packages)),
    close: () => rm(root, { recursive: true, force: true }),
  };
}

async function askBoth(project: Project): Promise<BothTrees[]> {
  const { status, stdout, stderr } = await project.build();
  if (status !== 0) throw new Error(`the build failed:\n${stderr}`);
  const { platforms } = (JSON.parse(stdout) as BuildResult).images[0]!;
  const both: BothTrees[] = [];
  for (const platform of platforms) {
    const architecture = platform.platform.split('/')[1] as Architecture;
    const ours = await treeOfLayers(addedBlobs(project, platform), 'opt/venv');
    both.push({
      architecture,
      ours,
      uvs: await treeOfUv(project.venv(architecture), await wantsOf(project, platform)),
    });
  }
  return both;
}

function addedBlobs({ folder }: Project, { layers }: PlatformResult): string[] {
  const added = layers.filter(({ origin }) => origin !== 'base');
  return added.map(({ digest }) => join(folder, 'out', 'blobs', 'sha256', digest.slice('sha256:'.length)));
}

/**
 * What the spec asks for, in uv's words. uv resolves and chooses wheels by itself; only the versions are those of our lock, since an index
 * may get a new release between two questions.
 */
async function wantsOf(project: Project, { platform }: PlatformResult): Promise<string[]> {
  const { folder, packages, requirements } = project;
  const wants = [...packages, ...(requirements === undefined ? [] : ['-r', requirements])];
  // A lock is exact.
  if (requirements?.startsWith('pylock')) return wants;
  const lock = JSON.parse(await readFile(join(folder, 'imagespec.lock'), 'utf8')) as LockFile;
  const versions = lock.platforms[platform]!.wheels!.map(({ name, version }) => `${name}==${version}\n`);
  const constraints = join(folder, `${platform.replace('/', '-')}.txt`);
  await writeFile(constraints, versions.join(''));
  return [...wants, '-c', constraints];
}
