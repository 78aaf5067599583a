// useradd(8) for system users: without home, subordinate numbers and password.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Call, Program } from '../shell/program.ts';
import { addGroup, addMember, addUser, findGroup, findUser, groupsOf, usersOf } from './accounts.ts';
import { parseArguments } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { textOf } from './paths.ts';
import {
  complain,
  freeNumber,
  knownGroup,
  knownGroups,
  NAME_TAKEN,
  NO_SUCH,
  NUMBER_TAKEN,
  onlyName,
} from './shadow-words.ts';

const ALIASES = {
  '-r': '--system',
  '-M': '--no-create-home',
  '-U': '--user-group',
  '-u': '--uid',
  '-g': '--gid',
  '-G': '--groups',
  '-d': '--home-dir',
  '--home': '--home-dir',
  '-s': '--shell',
  '-c': '--comment',
};
const FLAGS = ['--system', '--no-create-home', '--user-group'];
const VALUES = ['--uid', '--gid', '--groups', '--home-dir', '--shell', '--comment'];

export const userAdd: Program = (call) => {
  const given = parseArguments(call.argv, { flags: FLAGS, values: VALUES, aliases: ALIASES });
  const name = onlyName(call, given.rest);
  const { tree } = call;
  // Without --system a user also gets subordinate numbers, days of validity, and perhaps a home.
  if (!given.flags.has('--system'))
    throw new NotInterpretable(`useradd is called for ${name}, which is no system user`);
  const uid = given.values.get('--uid');
  const group = given.values.get('--gid');
  // Options are judged before the name.
  if (group !== undefined && !knownGroup(tree, group))
    return complain(call, `group '${group}' does not exist`, NO_SUCH);
  const joined = knownGroups(call, given.values.get('--groups') ?? '');
  if (!joined) return NO_SUCH;
  if (findUser(tree, name)) return complain(call, `user '${name}' already exists`, NAME_TAKEN);
  if (group === undefined && findGroup(tree, name))
    return complain(call, `group ${name} exists - if you want to add this user to that group, use -g.`, NAME_TAKEN);
  if (usersOf(tree).some((user) => user.uid === Number(uid)))
    return complain(call, `UID ${uid} is not unique`, NUMBER_TAKEN);
  create(call, given, name);
  for (const one of joined) addMember(tree, one.name, name);
  return 0;
};

/** Without --gid a group of the same name is made, of the same number where that is free. */
function create({ tree }: Call, { values }: Arguments, name: string): void {
  const uid = Number(
    values.get('--uid') ??
      freeNumber(
        tree,
        'UID',
        usersOf(tree).map((user) => user.uid),
        true,
      ),
  );
  const group = values.get('--gid');
  const taken = groupsOf(tree).map(({ gid }) => gid);
  const ownGid = taken.includes(uid) ? freeNumber(tree, 'GID', taken, true) : uid;
  const gid = group === undefined ? ownGid : knownGroup(tree, group)!.gid;
  const comment = values.get('--comment') ?? '';
  const home = values.get('--home-dir') ?? `/home/${name}`;
  addUser(tree, { name, uid, gid, comment, home, shell: values.get('--shell') ?? defaultShell(tree) }, ':::::');
  if (group === undefined) addGroup(tree, name, gid);
}

/** /etc/default/useradd, whose default is `/bin/sh`. */
function defaultShell(tree: WritableTree): string {
  const [, shell = '/bin/sh'] = /^SHELL=(.*)$/m.exec(textOf(tree, '/etc/default/useradd') ?? '') ?? [];
  return shell;
}
