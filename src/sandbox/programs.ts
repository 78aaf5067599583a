// The programs of the host that make a sandbox: util-linux, coreutils and GNU tar, found once and then called by their absolute paths, since
// the path of an image means nothing on the host.
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { ImageSpecError } from '../core/error.ts';

const NEEDED = [
  'sh',
  'unshare',
  'nsenter',
  'setpriv',
  'pivot_root',
  'mount',
  'umount',
  'cat',
  'mkdir',
  'mknod',
  'mkfifo',
  'rm',
  'rmdir',
  'sleep',
  'xargs',
  'tar',
] as const;

export type HostPrograms = Readonly<Record<(typeof NEEDED)[number], string>> & {
  readonly newuidmap?: string;
  readonly hostname?: string;
};

/** Where administrators' programs lie; the PATH of an ordinary user often leaves them out. */
const USUAL_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Throws `SANDBOX_UNAVAILABLE`, naming everything that is missing. @param path the host's PATH */
export function findPrograms(path: string | undefined, usual = USUAL_FOLDERS): HostPrograms {
  const folders = [...(path ?? '').split(delimiter).filter(isAbsolute), ...usual];
  const find = (name: string): string | undefined =>
    folders.map((folder) => join(folder, name)).find((file) => isExecutable(file));
  const found = NEEDED.map((name) => [name, find(name)] as const);
  const missing = found.filter(([, at]) => at === undefined).map(([name]) => name);
  if (missing.length > 0)
    throw new ImageSpecError(
      'SANDBOX_UNAVAILABLE',
      `This host has no ${missing.join(', ')} to run programs of an image with`,
      {
        hint: 'Install util-linux, mount, coreutils and GNU tar, or build on a Linux host that has them.',
        facts: { missing: missing.join(' ') },
      },
    );
  const newuidmap = find('newgidmap') && find('newuidmap');
  const hostname = find('hostname');
  return {
    ...(Object.fromEntries(found) as HostPrograms),
    ...(newuidmap && { newuidmap }),
    ...(hostname && { hostname }),
  };
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
