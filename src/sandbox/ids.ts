// Which owners a sandbox can give to files: all of them where we are root, a range where the host lends one (subuid(5)), else just one.
import { readFile } from 'node:fs/promises';
import type { HostPrograms } from './programs.ts';

export interface HostUser {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** One line of user_namespaces(7), "Defining user and group ID mappings". */
type MapLine = readonly [inside: number, outside: number, count: number];

export interface IdMap {
  /** `root`: ids are what they are; `range`: root is we, the others are lent; `single`: everything belongs to root. */
  readonly kind: 'root' | 'range' | 'single';
  readonly uids: readonly MapLine[];
  readonly gids: readonly MapLine[];
}

/** Files of the host that say it; other places are for tests. */
export interface IdFiles {
  readonly uidMap: string;
  readonly gidMap: string;
  readonly subuid: string;
  readonly subgid: string;
}

const ID_FILES: IdFiles = {
  uidMap: '/proc/self/uid_map',
  gidMap: '/proc/self/gid_map',
  subuid: '/etc/subuid',
  subgid: '/etc/subgid',
};

/** A range with fewer ids than this holds not even the accounts of a Debian (nogroup is 65534). */
const USEFUL_IDS = 65_536;

export async function chooseIds(
  user: HostUser,
  programs: Pick<HostPrograms, 'newuidmap'>,
  files: IdFiles = ID_FILES,
): Promise<IdMap> {
  if (user.uid === 0) {
    return { kind: 'root', uids: await ownIds(files.uidMap), gids: await ownIds(files.gidMap) };
  }
  const [uids, gids] = await Promise.all([lent(files.subuid, user), lent(files.subgid, user)]);
  if (programs.newuidmap && uids && gids) {
    return { kind: 'range', uids: [[0, user.uid, 1], uids], gids: [[0, user.gid, 1], gids] };
  }
  return { kind: 'single', uids: [[0, user.uid, 1]], gids: [[0, user.gid, 1]] };
}

/** Every id that this namespace has, as itself. */
async function ownIds(file: string): Promise<MapLine[]> {
  const rows = (await readFile(file, 'utf8')).trim().split('\n');
  return rows.map((row): MapLine => {
    const [inside = 0, , count = 0] = row.trim().split(/\s+/).map(Number);
    return [inside, inside, count];
  });
}

/** `name:first:count`, by name or number. */
async function lent(file: string, { name, uid }: HostUser): Promise<MapLine | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const rows = text.split('\n').map((row) => row.split(':'));
  const own = rows.filter(([who]) => who === name || who === String(uid));
  const [first] = own.filter(([, , count]) => Number(count) >= USEFUL_IDS - 1);
  return first && [1, Number(first[1]), Number(first[2])];
}
