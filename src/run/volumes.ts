// What a program is given of the host: `-v HOST:IMAGE[:ro]`, checked before anything is started.
import { stat } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import { ImageSpecError } from '../core/error.ts';
import type { Mount } from '../sandbox/mounts.ts';

/** Made by the sandbox itself; a mount there would be covered, or cover what it needs. */
const OWN = ['/', '/proc', '/dev', '/sys'];

/**
 * Mounts, outer before inner.
 * @param folder absolute; relative host paths start there
 * Throws `USAGE` for words that are not understood and host paths that do not exist, `NOT_SUPPORTED` for /proc, /dev and /sys.
 */
export async function readVolumes(texts: readonly string[], folder: string): Promise<Mount[]> {
  const mounts = await Promise.all(texts.map((text) => readVolume(text, folder)));
  mounts.sort((a, b) => (a.target < b.target ? -1 : 1));
  for (const [index, { target }] of mounts.entries()) {
    if (mounts[index + 1]?.target === target) throw wrong(`${target} is given twice`);
    const outer = mounts.findLast((one) => one.target !== target && below(one.target, target) !== undefined);
    const place = outer && join(outer.source, below(outer.target, target)!);
    if (place !== undefined && !(await exists(place)))
      throw wrong(`${target} lies in ${outer!.target}, and ${place} does not exist to be its place`);
  }
  return mounts;
}

/** The host path that a path of the image stands for, when it lies in a mount. */
export function hostPathOf(mounts: readonly Mount[], path: string): string | undefined {
  const mount = mounts.findLast(({ target }) => below(target, path) !== undefined);
  return mount && join(mount.source, below(mount.target, path)!);
}

async function readVolume(text: string, folder: string): Promise<Mount> {
  const [host = '', image = '', options = 'rw', ...rest] = text.split(':');
  if (host === '' || rest.length > 0 || !image.startsWith('/')) throw wrong(`"${text}" is not HOST:/IMAGE[:ro]`);
  if (options !== 'ro' && options !== 'rw') throw wrong(`"${options}" of "${text}" is neither ro nor rw`);
  const target = posix.resolve(image);
  if (OWN.some((own) => target === own || (own !== '/' && below(own, target) !== undefined)))
    throw new ImageSpecError('NOT_SUPPORTED', `-v "${text}": nothing can be mounted at ${target}`, {
      hint: '/proc, /dev and /sys are made by the sandbox: mount it somewhere else.',
    });
  const source = resolve(folder, host);
  const found = await stat(source).catch(() => undefined);
  if (!found) throw wrong(`${source} does not exist on this host`);
  return { source, target, kind: found.isDirectory() ? 'directory' : 'file', isReadOnly: options === 'ro' };
}

/** What follows the folder in the path: '' for itself, undefined when it lies elsewhere. */
function below(folder: string, path: string): string | undefined {
  return path === folder ? '' : path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
}

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

function wrong(what: string): ImageSpecError {
  return new ImageSpecError('USAGE', `--volume cannot be used: ${what}`, {
    hint: 'Write -v HOST:/IMAGE or -v HOST:/IMAGE:ro with a file or folder of this host, for example -v ./data:/data:ro.',
  });
}
