// From what a caller names to specs: a file, a folder, standard input, and of several images those that were asked for.
import { isAbsolute, join } from 'node:path';
import { closestMatch } from 'leven';
import { ImageSpecError } from '../core/error.ts';
import type { LoadedSpec } from '../spec/load.ts';
import { findSpec, loadSpecs, parseSpecs } from '../spec/load.ts';
import type { Environment } from './environment.ts';

const STANDARD_INPUT = '-';

/**
 * The specs of files, in their order.
 * @param paths files, folders, or `-` for standard input, whose relative paths start in the working directory
 * @param names of `images`; all without it. Throws `USAGE` for one that is not there, and as `findSpec` and `loadSpecs` do.
 */
export async function loadFiles(
  paths: readonly string[],
  names: readonly string[] | undefined,
  { workingDirectory, openInput }: Environment,
): Promise<LoadedSpec[]> {
  const load = async (path: string): Promise<LoadedSpec[]> => {
    if (path === STANDARD_INPUT) return parseSpecs(openInput(), 'standard input', workingDirectory);
    return loadSpecs(await findSpec(isAbsolute(path) ? path : join(workingDirectory, path)));
  };
  return choose((await Promise.all(paths.map(load))).flat(), names);
}

/** By which an image is asked for. */
export const nameOf = ({ key, spec }: LoadedSpec): string => key ?? spec.name;

function choose(specs: LoadedSpec[], names: readonly string[] | undefined): LoadedSpec[] {
  if (!names) return specs;
  for (const name of names) {
    if (specs.some((one) => nameOf(one) === name)) continue;
    const nearest = closestMatch(name, specs.map(nameOf));
    throw new ImageSpecError('USAGE', `There is no image "${name}" in ${specs[0]?.file ?? 'this spec'}`, {
      hint: `It has ${specs.map(nameOf).join(', ')}${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`,
    });
  }
  return specs.filter((one) => names.includes(nameOf(one)));
}
