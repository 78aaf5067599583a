// usermod(8): fields of an account, and memberships with --append.
import type { Program } from '../shell/program.ts';
import { addMember, changeUser, findUser } from './accounts.ts';
import { parseArguments, refuseOption } from './arguments.ts';
import { complain, knownGroup, knownGroups, NO_SUCH, onlyName } from './shadow-words.ts';

export const userMod: Program = (call) => {
  const aliases = {
    '-a': '--append',
    '-G': '--groups',
    '-g': '--gid',
    '-d': '--home',
    '-s': '--shell',
    '-c': '--comment',
  };
  const values = ['--groups', '--gid', '--home', '--shell', '--comment'];
  const argv = call.argv.flatMap((word) => (word === '-aG' ? ['-a', '-G'] : [word]));
  const given = parseArguments(argv, { flags: ['--append'], values, aliases });
  const name = onlyName(call, given.rest);
  const { tree } = call;
  const user = findUser(tree, name);
  if (!user) return complain(call, `user '${name}' does not exist`, NO_SUCH);
  const group = given.values.get('--gid');
  const gid = group === undefined ? user.gid : knownGroup(tree, group)?.gid;
  if (gid === undefined) return complain(call, `group '${group}' does not exist`, NO_SUCH);
  const { values: changed } = given;
  const wanted = {
    ...user,
    gid,
    home: changed.get('--home') ?? user.home,
    shell: changed.get('--shell') ?? user.shell,
    comment: changed.get('--comment') ?? user.comment,
  };
  if (changed.has('--groups') && !given.flags.has('--append')) refuseOption(call.argv, '--groups without --append');
  const joined = knownGroups(call, changed.get('--groups') ?? '');
  if (!joined) return NO_SUCH;
  if (
    ['gid', 'home', 'shell', 'comment'].some(
      (field) => wanted[field as keyof typeof wanted] !== user[field as keyof typeof user],
    )
  )
    changeUser(tree, wanted);
  for (const one of joined) if (!one.members.includes(name)) addMember(tree, one.name, name);
  return 0;
};
