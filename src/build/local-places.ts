// Files and folders of this host in a lock: written relative to the lock file, which lies beside them on every machine.
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { LockedSource, LockedWheel } from '../python/lock.ts';

/** `./dist/x.whl` or `../pkg`, in place of a URL. */
export function isRelative(text: string): boolean {
  return /^\.\.?\//.test(text);
}

type From = LockedSource['from'];

/** @param folder absolute, of the lock file */
export function relativeWheel<T extends Pick<LockedWheel, 'url'>>(wheel: T, folder: string): T {
  return wheel.url.startsWith('file:') ? { ...wheel, url: pathFrom(folder, fileURLToPath(wheel.url)) } : wheel;
}

export function absoluteWheel<T extends Pick<LockedWheel, 'url'>>(wheel: T, folder: string): T {
  return isRelative(wheel.url) ? { ...wheel, url: pathToFileURL(join(folder, wheel.url)).href } : wheel;
}

export function relativeFrom(from: From, folder: string): From {
  if (from.kind === 'sdist') return relativeWheel(from, folder);
  if (from.kind === 'git') return from;
  const { digest: _, ...rest } = from;
  return { ...rest, path: pathFrom(folder, from.path) };
}

export function absoluteFrom(from: From, folder: string): From {
  if (from.kind === 'sdist') return absoluteWheel(from, folder);
  return from.kind === 'folder' ? { ...from, path: join(folder, from.path) } : from;
}

function pathFrom(folder: string, path: string): string {
  const way = relative(folder, path).split(sep).join('/');
  if (way === '') return '.';
  return way === '..' || way.startsWith('../') ? way : `./${way}`;
}
