// Builds of projects with Debian packages that must succeed, and what they leave beside the spec.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { LockFile } from '../../src/build/lock-file.ts';
import type { BuildResult, ImageResult, LayerResult } from '../../src/build/result.ts';
import type { LockedDeb } from '../../src/deb/locked-deb.ts';
import type { Project } from './project.ts';
import type { CliOptions } from './run-cli.ts';

/** Builds into `oci:out`. */
export async function built(
  { run }: Project,
  args: readonly string[] = [],
  options?: Partial<CliOptions>,
): Promise<ImageResult> {
  const { status, stdout, stderr } = await run(['build', '--json', '-o', 'oci:out', ...args], options);
  expect(status, stderr).toBe(0);
  return (JSON.parse(stdout) as BuildResult).images[0]!;
}

export async function lockOf({ folder }: Project): Promise<LockFile> {
  return JSON.parse(await readFile(join(folder, 'imagespec.lock'), 'utf8')) as LockFile;
}

export async function lockedDebs(project: Project, platform = 'linux/amd64'): Promise<readonly LockedDeb[]> {
  return (await lockOf(project)).platforms[platform]?.debian?.packages ?? [];
}

/** `tool 1:2.0-1`, sorted. */
export const namesOf = (debs: readonly LockedDeb[]): string[] =>
  debs.map(({ name, version }) => `${name} ${version}`).sort();

export const layersOf = ({ platforms }: ImageResult): LayerResult[] => platforms.flatMap(({ layers }) => layers);
