// Who a program of an image runs as: the words of `User` or `--user`, looked up in the image's own accounts as engines do.
import { ImageSpecError } from '../core/error.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import type { IdMap } from '../sandbox/ids.ts';

export interface ProgramUser {
  readonly uid: number;
  readonly gid: number;
  /** Further groups. */
  readonly groups: readonly number[];
  /** Of passwd(5); `/` for ids without an account. */
  readonly home: string;
}

/** Who says it, for messages. */
export type UserOrigin = 'config' | 'option';

/** Ids are 32 bits with a sign in what engines understand. */
const LAST_ID = 2 ** 31 - 1;

/**
 * Reads `USER[:GROUP]`, names or numbers; nothing means root. Groups of /etc/group are added when no group is named (as runc does).
 * Throws `USAGE` for an unknown name of an option, `MANIFEST_INVALID` for one of the image's config.
 */
export function findUser(facts: BaseFacts, text: string, origin: UserOrigin): ProgramUser {
  const [who = '', groupName = '', ...rest] = text.trim().split(':');
  if (rest.length > 0) throw unknownUser(`"${text}" is not USER[:GROUP]`, origin);
  const wanted = who === '' ? '0' : who;
  const account = rowsOf(facts, 'etc/passwd').find(([name, , uid]) => name === wanted || uid === wanted);
  const uid = numberOf(account?.[2] ?? wanted);
  if (uid === undefined) throw unknownUser(`the image has no user "${who}" in /etc/passwd`, origin);
  const own = numberOf(account?.[3] ?? '0') ?? 0;
  const home = account?.[5] || '/';
  const groups = rowsOf(facts, 'etc/group');
  if (groupName !== '') {
    const gid = numberOf(groups.find(([name, , id]) => name === groupName || id === groupName)?.[2] ?? groupName);
    if (gid === undefined) throw unknownUser(`the image has no group "${groupName}" in /etc/group`, origin);
    return { uid, gid, groups: [], home };
  }
  const member = account?.[0];
  const further = groups
    .filter(([, , , members = '']) => member !== undefined && members.split(',').includes(member))
    .flatMap(([, , id = '']) => numberOf(id) ?? []);
  return { uid, gid: own, groups: [...new Set(further)], home };
}

/** Throws `SANDBOX_UNAVAILABLE` for ids that this host cannot give; a host that lends none gives all as one. */
export function requireIds({ uid, gid, groups }: ProgramUser, { kind, uids, gids }: IdMap): void {
  if (kind === 'single') return;
  const has = (rows: IdMap['uids'], id: number): boolean =>
    rows.some(([inside, , count]) => id >= inside && id < inside + count);
  const missing = has(uids, uid) ? [gid, ...groups].find((id) => !has(gids, id)) : uid;
  if (missing === undefined) return;
  throw new ImageSpecError(
    'SANDBOX_UNAVAILABLE',
    `The program is to run with id ${missing}, which this host does not lend`,
    {
      hint: 'Lend more ids in /etc/subuid and /etc/subgid, or choose another user with --user.',
      facts: { id: missing },
    },
  );
}

function rowsOf(facts: BaseFacts, path: string): string[][] {
  const bytes = facts.captured.get(path);
  return bytes
    ? new TextDecoder()
        .decode(bytes)
        .split('\n')
        .map((line) => line.trim().split(':'))
    : [];
}

function numberOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= LAST_ID ? Number(text) : undefined;
}

function unknownUser(what: string, origin: UserOrigin): ImageSpecError {
  const [code, whose] =
    origin === 'option' ? (['USAGE', '--user'] as const) : (['MANIFEST_INVALID', 'The config'] as const);
  return new ImageSpecError(code, `${whose} names a user who cannot be had: ${what}`, {
    hint: 'Choose one with --user UID[:GID], by number or by a name of the image.',
  });
}
