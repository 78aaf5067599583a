// groupadd(8) and groupmod(8).
import type { Program } from '../shell/program.ts';
import { addGroup, findGroup, groupsOf, renameGroup } from './accounts.ts';
import { parseArguments, refuseOption } from './arguments.ts';
import { complain, freeNumber, NAME_TAKEN, NO_SUCH, NUMBER_TAKEN, onlyName } from './shadow-words.ts';

export const groupAdd: Program = (call) => {
  const aliases = { '-r': '--system', '-f': '--force', '-g': '--gid' };
  const { flags, values, rest } = parseArguments(call.argv, {
    flags: ['--system', '--force'],
    values: ['--gid'],
    aliases,
  });
  const name = onlyName(call, rest);
  const { tree } = call;
  const wanted = values.get('--gid');
  if (findGroup(tree, name))
    return flags.has('--force') ? 0 : complain(call, `group '${name}' already exists`, NAME_TAKEN);
  const isTaken = groupsOf(tree).some(({ gid }) => gid === Number(wanted));
  if (isTaken) return complain(call, `GID '${wanted}' already exists`, NUMBER_TAKEN);
  const taken = groupsOf(tree).map(({ gid }) => gid);
  addGroup(tree, name, wanted === undefined ? freeNumber(tree, 'GID', taken, flags.has('--system')) : Number(wanted));
  return 0;
};

/** Only `-n NEW-NAME`. */
export const groupMod: Program = (call) => {
  const { values, rest } = parseArguments(call.argv, { values: ['-n'] });
  const name = onlyName(call, rest);
  const to = values.get('-n') ?? refuseOption(call.argv, call.argv.slice(1).join(' '));
  if (!findGroup(call.tree, name)) return complain(call, `group '${name}' does not exist`, NO_SUCH);
  if (findGroup(call.tree, to)) return complain(call, `group '${to}' already exists`, NAME_TAKEN);
  renameGroup(call.tree, name, to);
  return 0;
};
