// adduser(8) and addgroup(8) as adduser 3.134 has them: system accounts, plain groups and memberships, with the settings of /etc/adduser.conf.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Call, Program } from '../shell/program.ts';
import { addGroup, addMember, addUser, changeUser, findGroup, findUser, groupsOf, usersOf } from './accounts.ts';
import type { User } from './accounts.ts';
import { parseArguments, programName, refuseOption } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import type { DatabaseQueries } from './package-queries.ts';
import { isDirectory, linesOf, textOf } from './paths.ts';

const NO_GROUP = 'nogroup';
const NO_HOME = '/nonexistent';
const FLAGS = ['--system', '--group', '--no-create-home', '--disabled-login', '--disabled-password', '--quiet'];
const VALUES = ['--home', '--shell', '--gecos', '--uid', '--gid', '--ingroup'];
/** Spellings of one meaning, and options that change only what is said or allowed. */
const ALIASES = { '-q': '--quiet', '--comment': '--gecos' };
const LENIENT = [
  '--force-badname',
  '--allow-badname',
  '--allow-bad-names',
  '--allow-all-names',
  '--debug',
  '--verbose',
];
/** Status of adduser for an account that is there, but is not as wanted. */
const EXISTS = 1;

interface Request {
  readonly tree: WritableTree;
  readonly given: Arguments;
  readonly settings: ReadonlyMap<string, string>;
  readonly say: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** Newer ones write the comment in another way. */
const LAST_KNOWN = '3.135';

export function addUserProgram(database: DatabaseQueries): Program {
  return (call) => {
    const version = database.state.find('adduser')?.version;
    const isNewer = version !== undefined && database.compareVersions(version, LAST_KNOWN) >= 0;
    if (isNewer && call.argv.some((word) => /^--(gecos|comment)/.test(word)))
      throw new NotInterpretable(`adduser ${version} sets the comment of an account in a way that is not known`);
    return addUserOrGroup(call);
  };
}

function addUserOrGroup(call: Call): number {
  const given = parseArguments(call.argv, { flags: [...FLAGS, ...LENIENT], values: VALUES, aliases: ALIASES });
  const isGroup = programName(call.argv) === 'addgroup' || (given.flags.has('--group') && !given.flags.has('--system'));
  const request: Request = {
    tree: call.tree,
    given,
    settings: readSettings(call.tree),
    say: (text) => (given.flags.has('--quiet') ? undefined : call.stdout(`${text}\n`)),
    complain: (text) => call.stderr(`${programName(call.argv)}: ${text}\n`),
  };
  const [name = '', group] = given.rest;
  if (!/^[A-Za-z_][\w.-]{0,30}\$?$/.test(name) || given.rest.length > 2) refuseOption(call.argv, given.rest.join(' '));
  if (group !== undefined) return joinGroup(request, name, group);
  if (isGroup) return createGroup(request, name);
  if (!given.flags.has('--system')) throw new NotInterpretable(`adduser would ask for the password of ${name}`);
  return createSystemUser(request, name);
}

/** Lower-case names; quotes around a value are dropped. */
function readSettings(tree: WritableTree): Map<string, string> {
  const lines = linesOf(textOf(tree, '/etc/adduser.conf') ?? '').flatMap((line): [string, string][] => {
    const [, name, value = ''] = /^\s*(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
    return name === undefined || line.startsWith('#')
      ? []
      : [[name.toLowerCase(), value.replace(/^(["'])(.*)\1$/, '$2')]];
  });
  const settings = new Map(lines);
  for (const pool of ['uid_pool', 'gid_pool']) {
    if (settings.get(pool)) throw new NotInterpretable(`/etc/adduser.conf names a list of reserved numbers (${pool})`);
  }
  return settings;
}

const numberOf = ({ settings }: Request, name: string, fallback: number): number =>
  Number(settings.get(name) || fallback);

/** The lowest number from `FIRST_…` on that nobody has. */
function freeNumber(request: Request, kind: 'uid' | 'gid', isSystem: boolean): number {
  const { tree } = request;
  const taken = new Set(kind === 'uid' ? usersOf(tree).map(({ uid }) => uid) : groupsOf(tree).map(({ gid }) => gid));
  const range = isSystem ? `system_${kind}` : kind;
  const last = numberOf(request, `last_${range}`, isSystem ? 999 : 59_999);
  let number = numberOf(request, `first_${range}`, isSystem ? 100 : 1000);
  while (taken.has(number)) number += 1;
  if (number > last) throw new NotInterpretable(`no ${kind} is free up to ${last}`);
  return number;
}

const isBetween = (request: Request, kind: 'uid' | 'gid', number: number): boolean =>
  number >= numberOf(request, `first_system_${kind}`, 100) && number <= numberOf(request, `last_system_${kind}`, 999);

function createGroup(request: Request, name: string): number {
  const { tree, given, say, complain } = request;
  const isSystem = given.flags.has('--system');
  const wanted = given.values.get('--gid');
  const known = findGroup(tree, name);
  if (known && isSystem && isBetween(request, 'gid', known.gid)) {
    say(`addgroup: The group \`${name}' already exists as a system group. Exiting.`);
    return 0;
  }
  if (known) {
    complain(`The group \`${name}' already exists${isSystem ? ' and is not a system group. Exiting' : ''}.`);
    return EXISTS;
  }
  if (wanted !== undefined && groupsOf(tree).some(({ gid }) => gid === Number(wanted))) {
    complain(`The GID \`${wanted}' is already in use.`);
    return EXISTS;
  }
  const gid = wanted === undefined ? freeNumber(request, 'gid', isSystem) : Number(wanted);
  say(`Adding group \`${name}' (GID ${gid}) ...`);
  addGroup(tree, name, gid);
  say('Done.');
  return 0;
}

function joinGroup({ tree, say, complain }: Request, name: string, group: string): number {
  const user = findUser(tree, name);
  const there = findGroup(tree, group);
  if (!user || !there) {
    complain(`The ${user ? `group \`${group}` : `user \`${name}`}' does not exist.`);
    return EXISTS;
  }
  if (there.members.includes(name)) {
    say(`adduser: The user \`${name}' is already a member of \`${group}'.`);
    return 0;
  }
  say(`Adding user \`${name}' to group \`${group}' ...`);
  addMember(tree, group, name);
  say('Done.');
  return 0;
}

function createSystemUser(request: Request, name: string): number {
  const { tree, given, say, complain } = request;
  const known = findUser(tree, name);
  const wanted = given.values.get('--uid');
  if (known) {
    const isAsWanted = wanted === undefined || Number(wanted) === known.uid;
    if (isAsWanted && isBetween(request, 'uid', known.uid)) {
      say(`The system user \`${name}' already exists. Exiting.`);
      return 0;
    }
    complain(
      isAsWanted
        ? `The user \`${name}' already exists, but is not a system user. Exiting.`
        : `The user \`${name}' already exists with a different UID. Exiting.`,
    );
    return EXISTS;
  }
  if (wanted !== undefined) throw new NotInterpretable(`adduser is asked for the number ${wanted} for ${name}`);
  const uid = freeNumber(request, 'uid', true);
  // With --group the next free number owns the home, also where the group was there before and has another.
  const homeGid = given.flags.has('--group') ? freeNumber(request, 'gid', true) : undefined;
  const gid = primaryGroup(request, name);
  const home = given.values.get('--home') ?? NO_HOME;
  const user = { name, uid, gid, comment: '', home, shell: given.values.get('--shell') ?? '/usr/sbin/nologin' };
  say(`Adding system user \`${name}' (UID ${uid}) ...`);
  addUser(tree, user, ':::::');
  for (const comment of commentSteps(given.values.get('--gecos'))) changeUser(tree, { ...user, comment });
  if (!given.flags.has('--no-create-home')) createHome(request, { ...user, gid: homeGid ?? gid });
  return 0;
}

/** `--group` makes one of the same name, or takes the one that is there. */
function primaryGroup(request: Request, name: string): number {
  const { tree, given, say } = request;
  const group = given.flags.has('--group')
    ? name
    : (given.values.get('--ingroup') ?? given.values.get('--gid') ?? NO_GROUP);
  const known = given.values.has('--gid')
    ? groupsOf(tree).find(({ gid }) => gid === Number(group))
    : findGroup(tree, group);
  if (known) return known.gid;
  if (!given.flags.has('--group')) throw new NotInterpretable(`adduser needs a group that does not exist: ${group}`);
  const gid = freeNumber(request, 'gid', true);
  say(`Adding new group \`${name}' (GID ${gid}) ...`);
  addGroup(tree, name, gid);
  return gid;
}

/** The field after each run of chfn(1): one for name and room, and one each for work phone, home phone and others. */
function commentSteps(comment: string | undefined): string[] {
  if (comment === undefined) return [];
  const parts = comment.split(',');
  const fields = (count: number): string => [0, 1, 2, 3].map((at) => (at < count ? (parts[at] ?? '') : '')).join();
  const steps = [fields(2), ...[3, 4].filter((count) => parts.length >= count).map(fields)];
  return parts.length > 4 ? [...steps, `${fields(4)},${parts[4]}`] : steps;
}

function createHome(request: Request, { home, uid, gid }: User): void {
  const { tree, settings } = request;
  if (/^\/+nonexistent(\/|$)/.test(home) || tree.get(home)) return;
  const mode = Number.parseInt(settings.get('sys_dir_mode') || '0755', 8);
  if (settings.get('setgid_home')?.toLowerCase() === 'yes')
    throw new NotInterpretable('/etc/adduser.conf asks for homes with the setgid bit');
  const parent = home.slice(0, home.lastIndexOf('/'));
  if (parent !== '' && !isDirectory(tree, parent)) tree.makeDirectories(parent);
  tree.makeDirectory(home, { mode, uid, gid });
}
