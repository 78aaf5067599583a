// dpkg-divert(1): changes the list of diversions; the file that holds it is written with the package database.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Call, Program } from '../shell/program.ts';
import { parseArguments, refuseOption } from './arguments.ts';
import type { Diversion, DpkgState } from './dpkg-state.ts';
import { comparePaths } from './path-order.ts';

const ACTIONS = ['--add', '--remove', '--list', '--truename', '--listpackage'];
const LOCAL = ':';

/** A diversion as it is asked for: parts may be open. */
interface Asked {
  readonly from: string;
  readonly to: string | undefined;
  readonly by: string | undefined;
}

export function dpkgDivert(state: DpkgState): Program {
  return (call) => {
    const flags = [...ACTIONS, '--rename', '--no-rename', '--quiet', '--local'];
    const given = parseArguments(call.argv, { flags, values: ['--package', '--divert'] });
    const actions = ACTIONS.filter((action) => given.flags.has(action));
    const [path = ''] = given.rest;
    if (actions.length > 1 || given.rest.length > 1) refuseOption(call.argv, call.argv.slice(1).join(' '));
    if (actions[0] === '--list') return list(call, state, path);
    if (!path.startsWith('/')) refuseOption(call.argv, path);
    const found = state.diversions.find(({ from }) => from === path);
    if (actions[0] === '--truename') return print(call, found?.to ?? path);
    if (actions[0] === '--listpackage') return found ? print(call, found.by === LOCAL ? 'LOCAL' : found.by) : 0;
    const owner = given.values.get('--package') ?? call.env.get('DPKG_MAINTSCRIPT_PACKAGE');
    const by = given.flags.has('--local') ? LOCAL : owner;
    const asked = { from: path, to: given.values.get('--divert'), by };
    const isRenamed = given.flags.has('--rename');
    const say = given.flags.has('--quiet') ? (): void => undefined : call.stdout;
    if (actions[0] === '--remove') return remove(call, state, asked, isRenamed, say);
    return add(call, state, asked, isRenamed, say);
  };
}

const print = (call: Call, line: string): number => {
  call.stdout(`${line}\n`);
  return 0;
};

function describe({ from, to, by }: Asked): string {
  const kind = by === LOCAL ? 'local diversion' : by === undefined ? 'any diversion' : 'diversion';
  const owner = by === LOCAL || by === undefined ? '' : ` by ${by}`;
  return `${kind} of ${from}${to === undefined ? '' : ` to ${to}`}${owner}`;
}

/** Patterns of fnmatch(3) with `*` only; each is compared with both names and the package. */
function list(call: Call, state: DpkgState, pattern: string): number {
  if (/[?[\]\\]/.test(pattern)) refuseOption(call.argv, `--list ${pattern}`);
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+^${}()|]/g, String.raw`\$&`));
  const matcher = new RegExp(`^${pattern === '' ? '.*' : parts.join('.*')}$`, 's');
  for (const diversion of state.diversions) {
    const { from, to, by } = diversion;
    if (matcher.test(from) || matcher.test(to) || (by !== LOCAL && matcher.test(by))) print(call, describe(diversion));
  }
  return 0;
}

function add(call: Call, state: DpkgState, asked: Asked, isRenamed: boolean, say: (text: string) => void): number {
  const wanted: Diversion = { from: asked.from, to: asked.to ?? `${asked.from}.distrib`, by: asked.by ?? LOCAL };
  const paths = [wanted.from, wanted.to];
  const clash = state.diversions.find(({ from, to }) => paths.includes(from) || paths.includes(to));
  if (clash) {
    if (clash.from === wanted.from && clash.to === wanted.to && clash.by === wanted.by) {
      say(`Leaving '${describe(clash)}'\n`);
      return 0;
    }
    call.stderr(`dpkg-divert: error: '${describe(wanted)}' clashes with '${describe(clash)}'\n`);
    return 2;
  }
  say(`Adding '${describe(wanted)}'\n`);
  // A package's own file stays where it is: the diversion is for those of others.
  const isOwn = wanted.by !== LOCAL && state.find(wanted.by) && state.filesOf(wanted.by).includes(wanted.from);
  if (isRenamed && !isOwn) rename(call.tree, wanted.from, wanted.to);
  state.diversions.push(wanted);
  state.diversions.sort((a, b) => comparePaths(a.from, b.from));
  return 0;
}

function remove(call: Call, state: DpkgState, asked: Asked, isRenamed: boolean, say: (text: string) => void): number {
  const found = state.diversions.find(({ from }) => from === asked.from);
  if (!found) {
    say(`No diversion '${describe(asked)}', none removed.\n`);
    return 0;
  }
  const mismatch =
    asked.to !== undefined && asked.to !== found.to
      ? 'divert-to'
      : asked.by !== undefined && asked.by !== found.by
        ? 'package'
        : undefined;
  if (mismatch !== undefined) {
    call.stderr(
      `dpkg-divert: error: mismatch on ${mismatch}\n  when removing '${describe(asked)}'\n  found '${describe(found)}'\n`,
    );
    return 2;
  }
  say(`Removing '${describe(found)}'\n`);
  if (isRenamed) rename(call.tree, found.to, found.from);
  state.diversions.splice(state.diversions.indexOf(found), 1);
  return 0;
}

function rename(tree: WritableTree, from: string, to: string): void {
  if (!tree.get(from, false)) return;
  if (tree.get(to, false)) throw new NotInterpretable(`dpkg-divert would rename ${from} over ${to}, which exists`);
  tree.rename(from, to);
}
