// What the programs of the package `passwd` have in common: their statuses, and how a number for a new account is chosen.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Call } from '../shell/program.ts';
import { groupsOf, type Group } from './accounts.ts';
import { refuseOption } from './arguments.ts';
import { linesOf, textOf } from './paths.ts';

/** Statuses of useradd(8) and groupadd(8). */
export const NAME_TAKEN = 9;
export const NUMBER_TAKEN = 4;
export const NO_SUCH = 6;

export const complain = (call: Call, text: string, status: number): number => {
  call.stderr(`${call.argv[0]}: ${text}\n`);
  return status;
};

/** The one operand, which is the name of an account. */
export function onlyName(call: Call, rest: readonly string[]): string {
  const [name = ''] = rest;
  if (rest.length !== 1 || !/^[A-Za-z_][\w.-]*\$?$/.test(name)) refuseOption(call.argv, rest.join(' '));
  return name;
}

/** By name, or by a number that some group has (shadow, getgr_nam_gid.c). */
export function knownGroup(tree: WritableTree, word: string): Group | undefined {
  const isNumber = /^\d+$/.test(word);
  return groupsOf(tree).find(({ name, gid }) => (isNumber ? gid === Number(word) : name === word));
}

/** The groups of a list with commas, each once; undefined where it tells of some that do not exist. */
export function knownGroups(call: Call, list: string): Group[] | undefined {
  const words = list.split(',').filter((word) => word !== '');
  const absent = words.filter((word) => !knownGroup(call.tree, word));
  for (const word of absent) complain(call, `group '${word}' does not exist`, NO_SUCH);
  if (absent.length > 0) return undefined;
  const groups = words.map((word) => knownGroup(call.tree, word)!);
  return groups.filter(({ name }, index) => groups.findIndex((group) => group.name === name) === index);
}

/** A setting of login.defs(5); comments and unknown names are there to be skipped. */
export function loginSetting(tree: WritableTree, name: string): string | undefined {
  const lines = linesOf(textOf(tree, '/etc/login.defs') ?? '').map((line) => line.trim().split(/\s+/));
  const found = lines.findLast(([setting]) => setting === name);
  return found && (found[1] ?? '');
}

/** One below the lowest system number that is taken; for others one above the highest (shadow, find_new_uid.c). */
export function freeNumber(
  tree: WritableTree,
  kind: 'UID' | 'GID',
  taken: readonly number[],
  isSystem: boolean,
): number {
  const first = Number(loginSetting(tree, `${kind}_MIN`) ?? 1000);
  const low = isSystem ? Number(loginSetting(tree, `SYS_${kind}_MIN`) ?? 101) : first;
  const high = Number(
    loginSetting(tree, isSystem ? `SYS_${kind}_MAX` : `${kind}_MAX`) ?? (isSystem ? first - 1 : 60_000),
  );
  const inRange = taken.filter((number) => number >= low && number <= high);
  let next = isSystem
    ? Math.min(high, ...inRange.map((number) => number - 1))
    : Math.max(low, ...inRange.map((number) => number + 1));
  // Beyond the range, the first gap from where the search began.
  if (next < low || next > high) {
    next = isSystem ? high : low;
    while (inRange.includes(next)) next += isSystem ? -1 : 1;
  }
  if (next < low || next > high) throw new NotInterpretable(`the numbers for new accounts are all in use (${kind})`);
  return next;
}
