// The user an image runs as: that of the spec, or `flytekit` (uid 1000, or the next free one), whom flytekit's builder makes the owner of /root
// and /home/flytekit.
import { ImageSpecError } from '../core/error.ts';
import type { Entry } from '../filesystem/entry.ts';
import { directory, inlineFile } from '../filesystem/entry.ts';
import type { BaseFacts } from '../filesystem/facts.ts';

export interface ImageUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const USER_NAME = 'flytekit';
/** login.defs' UID_MIN and UID_MAX, which useradd obeys. */
const FIRST_UID = 1000;
const LAST_UID = 60_000;

interface Account {
  readonly name: string;
  readonly id: number;
  readonly group: number;
}

/** Lines of passwd(5) or group(5); the third field is the id, the fourth passwd's group. */
function accounts(text: string): Account[] {
  return text.split('\n').flatMap((line) => {
    const [name, , id, group] = line.split(':');
    return name && id && /^\d+$/.test(id) ? [{ name, id: Number(id), group: Number(group) || 0 }] : [];
  });
}

/** Who it will be on a base that nobody has looked into yet, as far as that can be told. */
export const usualUser = (asked = USER_NAME): ImageUser => ({ name: asked, uid: FIRST_UID, gid: FIRST_UID });

/**
 * The user with entries that bring it into being; none of passwd and group when the base knows it already.
 * @param asked a name, or UID[:GID], which needs no account; a name that the base does not have gets one
 */
export function userEntries(
  facts: BaseFacts,
  asked: string | undefined,
  mtime: number,
): { user: ImageUser; entries: readonly Entry[] } {
  const wanted = asked ?? USER_NAME;
  const passwd = textOf(facts, 'etc/passwd') ?? 'root:x:0:0:root:/root:/bin/sh\n';
  const group = textOf(facts, 'etc/group') ?? 'root:x:0:\n';
  const users = accounts(passwd);
  const known = byNumber(wanted, users) ?? users.find(({ name }) => name === wanted);
  const user = known
    ? { name: wanted, uid: known.id, gid: known.group }
    : { name: wanted, ...freeIds(users, accounts(group)) };
  const owned = { uid: user.uid, gid: user.gid, mtime };
  // Programs start there, and copied files lie there.
  const root = directory('root', { ...owned, mode: 0o755, gid: facts.entries.get('root')?.gid ?? 0 });
  // What is root's already needs no layer.
  if (user.uid === 0) return { user, entries: [] };
  const home = directory(`home/${wanted}`, { ...owned, mode: 0o755 });
  if (known) return { user, entries: wanted === USER_NAME ? [root, home] : [root] };
  const shell = facts.entries.has('bin/bash') || facts.entries.has('usr/bin/bash') ? '/bin/bash' : '/bin/sh';
  const line = `${wanted}:x:${user.uid}:${user.gid}::/home/${wanted}:${shell}\n`;
  const files = [
    inlineFile('etc/passwd', withLine(passwd, line), { mtime }),
    inlineFile('etc/group', withLine(group, `${wanted}:x:${user.gid}:\n`), { mtime }),
  ];
  return { user, entries: [...files, root, home] };
}

/** As engines read `User` (image-spec, config.md): a number without group has that of its account, or 0. */
function byNumber(asked: string, users: readonly Account[]): Omit<Account, 'name'> | undefined {
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(asked) ?? [];
  if (uid === undefined) return undefined;
  const id = Number(uid);
  return { id, group: gid === undefined ? (users.find((user) => user.id === id)?.group ?? 0) : Number(gid) };
}

const withLine = (text: string, line: string): string =>
  (text === '' || text.endsWith('\n') ? text : `${text}\n`) + line;

function textOf(facts: BaseFacts, path: string): string | undefined {
  const bytes = facts.captured.get(path);
  if (bytes) return new TextDecoder().decode(bytes);
  if (!facts.entries.has(path)) return undefined;
  throw new ImageSpecError('LAYER_INVALID', `/${path} of the base image is not a readable small file`, {
    hint: 'The build must add its user to it: choose a base image whose /etc/passwd and /etc/group are plain files.',
  });
}

/** useradd gives the group the user's number when it is free, else the next free one. */
function freeIds(users: readonly Account[], groups: readonly Account[]): { uid: number; gid: number } {
  const firstFree = (taken: readonly Account[], from: number): number => {
    const ids = new Set(taken.map((account) => account.id));
    let id = from;
    while (ids.has(id) && id < LAST_UID) id++;
    return id;
  };
  const uid = firstFree(users, FIRST_UID);
  return { uid, gid: groups.some((group) => group.id === uid) ? firstFree(groups, FIRST_UID) : uid };
}
