// getent(1) for accounts and id(1), from the files of the tree.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import type { Program } from '../shell/program.ts';
import { findUser, groupsOf } from './accounts.ts';
import { refuseOption } from './arguments.ts';
import { linesOf, textOf } from './paths.ts';

const FILES: Readonly<Record<string, string>> = {
  passwd: '/etc/passwd',
  group: '/etc/group',
  shadow: '/etc/shadow',
  gshadow: '/etc/gshadow',
};
/** Status of getent(1): a key was not found. */
const NOT_FOUND = 2;

export const getent: Program = (call) => {
  const [, database = '', ...keys] = call.argv;
  const file = FILES[database];
  if (file === undefined || database.startsWith('-')) return refuseOption(call.argv, database);
  const lines = linesOf(textOf(call.tree, file) ?? '');
  if (keys.length === 0) {
    for (const line of lines) call.stdout(`${line}\n`);
    return 0;
  }
  let status = 0;
  for (const key of keys) {
    const found = lines.find((line) => {
      const [name, , number] = line.split(':');
      return name === key || (/^(passwd|group)$/.test(database) && number === key);
    });
    if (found === undefined) status = NOT_FOUND;
    else call.stdout(`${found}\n`);
  }
  return status;
};

/** Without a name the caller is root. */
export const id: Program = (call) => {
  const options = call.argv.slice(1).filter((word) => word.startsWith('-'));
  const [name = 'root', ...more] = call.argv.slice(1).filter((word) => !word.startsWith('-'));
  const asked = [...new Set(options.join('').replaceAll('-', ''))].sort().join('');
  if (more.length > 0 || options.some((option) => !/^-[ugGn]+$/.test(option)))
    refuseOption(call.argv, options.join(' '));
  const user = findUser(call.tree, name);
  if (!user) {
    call.stderr(`id: '${name}': no such user\n`);
    return 1;
  }
  const groups = memberships(call.tree, name, user.gid);
  const answers: Readonly<Record<string, string>> = {
    u: String(user.uid),
    nu: name,
    g: String(user.gid),
    gn: groups[0]?.name ?? '',
    G: groups.map(({ gid }) => gid).join(' '),
    Gn: groups.map((group) => group.name).join(' '),
    '': `uid=${user.uid}(${name}) gid=${user.gid}(${groups[0]?.name}) groups=${groups.map((one) => `${one.gid}(${one.name})`).join()}`,
  };
  const answer = answers[asked] ?? refuseOption(call.argv, options.join(' '));
  call.stdout(`${answer}\n`);
  return 0;
};

/** The primary group first. */
function memberships(
  tree: WritableTree,
  name: string,
  primary: number,
): { readonly name: string; readonly gid: number }[] {
  const groups = groupsOf(tree);
  const own = groups.find(({ gid }) => gid === primary) ?? { name: String(primary), gid: primary };
  return [own, ...groups.filter(({ gid, members }) => gid !== primary && members.includes(name))];
}
