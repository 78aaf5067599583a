// The programs of the host that make a sandbox: util-linux, coreutils and GNU tar, found once and then called by their absolute paths, since
// the path of an image means nothing on the host.
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { ImageSpecError } from '../core/error.ts';

const SHARED = ['sh', 'nsenter', 'setpriv', 'cat', 'mkdir', 'mknod', 'rm', 'xargs', 'tar'] as const;
const OF_NAMESPACES = ['unshare', 'pivot_root', 'mount', 'umount', 'mkfifo', 'rmdir', 'sleep'] as const;
const OF_CHROOT = ['prlimit', 'grep', 'cp', 'mv'] as const;

type Programs<Name extends string> = Readonly<Record<Name | (typeof SHARED)[number], string>>;

export type HostPrograms = Programs<(typeof OF_NAMESPACES)[number]> & {
  readonly newuidmap?: string;
  readonly hostname?: string;
};
export type ChrootPrograms = Programs<(typeof OF_CHROOT)[number]>;

/** Where administrators' programs lie; the PATH of an ordinary user often leaves them out. */
const USUAL_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Throws `SANDBOX_UNAVAILABLE`, naming everything that is missing. @param path the host's PATH */
export function findPrograms(path: string | undefined, usual = USUAL_FOLDERS): HostPrograms {
  const find = finder(path, usual);
  const newuidmap = find('newgidmap') && find('newuidmap');
  const hostname = find('hostname');
  return {
    ...findAll(find, [...SHARED, ...OF_NAMESPACES]),
    ...(newuidmap && { newuidmap }),
    ...(hostname && { hostname }),
  };
}

/** The same for the maker that works by chroot(2). */
export function findChrootPrograms(path: string | undefined, usual = USUAL_FOLDERS): ChrootPrograms {
  return findAll(finder(path, usual), [...SHARED, ...OF_CHROOT]);
}

type Find = (name: string) => string | undefined;

function finder(path: string | undefined, usual: readonly string[]): Find {
  const folders = [...(path ?? '').split(delimiter).filter(isAbsolute), ...usual];
  // Not by `join`, which takes longer than asking whether the file is there.
  const found = (name: string): string | undefined => folders.find((folder) => isExecutable(`${folder}/${name}`));
  return (name) => {
    const folder = found(name);
    return folder === undefined ? undefined : join(folder, name);
  };
}

function findAll<Name extends string>(find: Find, needed: readonly Name[]): Readonly<Record<Name, string>> {
  const found = needed.map((name) => [name, find(name)] as const);
  const missing = found.filter(([, at]) => at === undefined).map(([name]) => name);
  if (missing.length > 0)
    throw new ImageSpecError(
      'SANDBOX_UNAVAILABLE',
      `This host has no ${missing.join(', ')} to run programs of an image with`,
      {
        hint: 'Install util-linux, mount, coreutils, grep and GNU tar, or build on a Linux host that has them.',
        facts: { missing: missing.join(' ') },
      },
    );
  return Object.fromEntries(found) as Record<Name, string>;
}

/** At once: two hundred questions take a millisecond, and twenty when each waits for a thread. */
function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
