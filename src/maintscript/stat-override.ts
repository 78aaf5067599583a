// dpkg-statoverride(1): changes the list of overrides; the file that holds it is written with the package database.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Call, Program } from '../shell/program.ts';
import { groupId, groupsOf, userId, usersOf } from './accounts.ts';
import { parseArguments, refuseOption } from './arguments.ts';
import type { DpkgState, StatOverride } from './dpkg-state.ts';
import { comparePaths } from './path-order.ts';

const FORCE_ADD = ['--force', '--force-all', '--force-statoverride-add'];
const FORCE_REMOVE = ['--force', '--force-all', '--force-statoverride-remove'];

export function dpkgStatOverride(state: DpkgState): Program {
  return (call) => {
    const flags = ['--add', '--remove', '--list', '--update', '--quiet', ...FORCE_ADD, ...FORCE_REMOVE];
    const given = parseArguments(call.argv, { flags });
    const has = (flag: string): boolean => given.flags.has(flag);
    const [first = '', ...more] = given.rest;
    if (has('--list')) return list(call, state, first);
    if (has('--remove')) return remove(call, state, first, FORCE_REMOVE.some(has));
    const [group = '', mode = '', path = ''] = more;
    if (!has('--add') || !/^[0-7]{3,5}$/.test(mode) || !path.startsWith('/') || given.rest.length !== 4)
      refuseOption(call.argv, call.argv.slice(1).join(' '));
    const override = { owner: first, group, mode: Number.parseInt(mode, 8), path };
    return add(call, state, override, { isForced: FORCE_ADD.some(has), isUpdated: has('--update') });
  };
}

/** Without a pattern all; patterns of fnmatch(3) with `*` only. */
function list(call: Call, state: DpkgState, pattern: string): number {
  if (/[?[\]\\]/.test(pattern)) refuseOption(call.argv, `--list ${pattern}`);
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+^${}()|]/g, String.raw`\$&`));
  const matcher = new RegExp(`^${pattern === '' ? '.*' : parts.join('.*')}$`, 's');
  const found = state.overrides.filter(({ path }) => matcher.test(path));
  for (const { owner, group, mode, path } of found) call.stdout(`${owner} ${group} ${mode.toString(8)} ${path}\n`);
  return found.length > 0 ? 0 : 1;
}

interface HowToAdd {
  readonly isForced: boolean;
  readonly isUpdated: boolean;
}

function add(call: Call, state: DpkgState, override: StatOverride, { isForced, isUpdated }: HowToAdd): number {
  const at = state.overrides.findIndex(({ path }) => path === override.path);
  if (at >= 0 && !isForced) {
    call.stderr(`dpkg-statoverride: error: an override for '${override.path}' already exists; aborting\n`);
    return 2;
  }
  const owner = idOf(call.tree, override.owner, userId);
  const group = idOf(call.tree, override.group, groupId);
  if (owner === undefined || group === undefined) {
    const kind = owner === undefined ? `user '${override.owner}'` : `group '${override.group}'`;
    call.stderr(`dpkg-statoverride: error: ${kind} does not exist\n`);
    return 2;
  }
  if (at >= 0)
    call.stderr(
      `dpkg-statoverride: warning: an override for '${override.path}' already exists, but --force specified so will be ignored\n`,
    );
  const named = {
    ...override,
    owner: nameOf(
      override.owner,
      usersOf(call.tree).find(({ uid }) => uid === owner),
    ),
    group: nameOf(
      override.group,
      groupsOf(call.tree).find(({ gid }) => gid === group),
    ),
  };
  if (at >= 0) state.overrides[at] = named;
  else state.overrides.push(named);
  state.overrides.sort((a, b) => comparePaths(a.path, b.path));
  if (!isUpdated) return 0;
  const node = call.tree.get(override.path);
  if (node) call.tree.setAttributes(override.path, { mode: override.mode, uid: owner, gid: group });
  else call.stderr(`dpkg-statoverride: warning: --update given but ${override.path} does not exist\n`);
  return 0;
}

/** A number is remembered by the name that it has. */
const nameOf = (asked: string, found: { readonly name: string } | undefined): string =>
  asked.startsWith('#') && found ? found.name : asked;

/** `#55` is a number. */
function idOf(
  tree: WritableTree,
  name: string,
  find: (tree: WritableTree, name: string) => number | undefined,
): number | undefined {
  if (/^\d+$/.test(name)) throw new NotInterpretable(`dpkg-statoverride is given ${name} as a name`);
  return name.startsWith('#') ? Number(name.slice(1)) : find(tree, name);
}

function remove(call: Call, state: DpkgState, path: string, isForced: boolean): number {
  const at = state.overrides.findIndex((one) => one.path === path);
  if (at >= 0) {
    state.overrides.splice(at, 1);
    return 0;
  }
  call.stderr('dpkg-statoverride: warning: no override present\n');
  return isForced ? 0 : 2;
}
