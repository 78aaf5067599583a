// A small project in a folder of its own, with a cache of its own: what the command line's tests build.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliOptions, CliRun } from './run-cli.ts';
import { runCli } from './run-cli.ts';

export interface Project {
  readonly folder: string;
  readonly cache: string;
  /** Writes imagespec.yaml; fields are added to `name: hello` and `copy: [app]`. */
  readonly spec: (fields: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly run: (args: readonly string[], options?: Partial<CliOptions>) => Promise<CliRun>;
  readonly remove: () => Promise<void>;
}

export async function createProject(): Promise<Project> {
  const root = await mkdtemp(join(tmpdir(), 'imagespec-project-'));
  const folder = join(root, 'project');
  const cache = join(root, 'cache');
  await mkdir(join(folder, 'app'), { recursive: true });
  await writeFile(join(folder, 'app', 'hello.txt'), 'hello\n');
  return {
    folder,
    cache,
    // JSON is YAML.
    spec: (fields) =>
      writeFile(join(folder, 'imagespec.yaml'), JSON.stringify({ name: 'hello', copy: ['app'], ...fields })),
    run: (args, options) => runCli(args, { cwd: folder, cache, ...options }),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
