// Packages that flytekit installs when a task starts: named in the environment of the image, for the pip in it.
import type { Context } from '../core/context.ts';
import type { Lock } from '../python/lock.ts';
import type { InstalledPackage } from '../python/replaced.ts';
import type { BaseReader } from './base.ts';

/** flytekit splits its value at each space, and calls pip with the words (flytekit/bin/entrypoint.py). */
export const RUNTIME_PACKAGES = '_F_RUNTIME_PACKAGES';

export function runtimeVariables(
  packages: readonly string[] = [],
): readonly (readonly [name: string, value: string])[] {
  return packages.length > 0 ? [[RUNTIME_PACKAGES, packages.join(' ')]] : [];
}

interface PipPlaces {
  readonly reader: BaseReader;
  readonly lock: Lock | undefined;
  /** Of the environment, by the base. */
  readonly installed: readonly InstalledPackage[];
}

const PIP = /(?:^|\/)(?:site|dist)-packages\/pip\/__init__\.py$/;

/**
 * What is to be said when nothing in the image could install them.
 * @param seesSystem whether an environment of ours has the packages of the base too
 */
export async function pipWarnings(
  ctx: Context,
  { reader, lock, installed }: PipPlaces,
  seesSystem: boolean,
): Promise<readonly string[]> {
  if ([...(lock?.wheels ?? []), ...installed].some(({ name }) => name === 'pip')) return [];
  if ((!lock || seesSystem) && [...(await reader.facts(ctx)).entries.keys()].some((path) => PIP.test(path))) return [];
  return [
    'runtime_packages are installed by pip when a task starts, and the image has no pip: add it under `packages`',
  ];
}
