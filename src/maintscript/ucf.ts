// ucf(1) and ucfr(1) where nobody needs to be asked: a configuration file that is new, or whose new version is the old one.
import { createHash } from 'node:crypto';
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import type { Program } from '../shell/program.ts';
import { parseArguments, refuseOption } from './arguments.ts';
import type { DpkgState } from './dpkg-state.ts';
import { linesOf, textOf } from './paths.ts';

const STATE = '/var/lib/ucf';
/** Older states that are kept: `.0` to `.7`. */
const OLD_STATES = 7;
/** Files below this are kept for later merges, others only with --three-way. Bytes. */
const CACHED_SIZE = 25_600;

export function ucf(state: DpkgState): Program {
  return (call) => {
    const flags = ['--three-way', '--debconf-ok', '--purge'];
    const values = ['--package', '--src-dir', '--sum-file', '--debconf-template'];
    const aliases = { '-p': '--purge', '-P': '--package', '-s': '--src-dir' };
    const given = parseArguments(call.argv, { flags, values, aliases });
    const { tree } = call;
    refuseSettings(tree, call.env);
    if (given.flags.has('--purge')) {
      const known = sumOf(tree, given.rest[0] ?? '');
      if (known !== undefined) throw new NotInterpretable(`ucf is to forget ${given.rest[0]}`);
      return 0;
    }
    const [from = '', to = ''] = given.rest;
    if (given.rest.length !== 2 || !to.startsWith('/')) refuseOption(call.argv, given.rest.join(' '));
    if (!tree.get(from)) {
      call.stderr(`Error: The new file ${from} does not exist!\n`);
      return 1;
    }
    const source = `/${tree.resolve(from)}`;
    const target = tree.get(to) ? `/${tree.resolve(to)}` : to;
    if (state.diversions.some((one) => one.from === target)) throw new NotInterpretable(`ucf: ${target} is diverted`);
    const sum = createHash('md5').update(tree.read(source)).digest('hex');
    const known = sumOf(tree, target);
    if (!tree.get(`${STATE}/cache`)) tree.makeDirectories(`${STATE}/cache`);
    if (known === sum) return 0;
    if (known !== undefined || tree.get(target, false))
      throw new NotInterpretable(`ucf would have to ask what to do with ${target}`);
    call.stderr(`\nCreating config file ${target} with new version\n`);
    copy(tree, source, target);
    recordSum(tree, target, sum);
    const size = tree.read(source).length;
    if (given.flags.has('--three-way') || size < CACHED_SIZE)
      copy(tree, source, `${STATE}/cache/${target.replaceAll('/', ':')}`);
    return 0;
  };
}

/** Settings of the environment or of /etc/ucf.conf that change what is done. */
function refuseSettings(tree: WritableTree, env: ReadonlyMap<string, string>): void {
  const set = [...env.keys()].find((name) => /^UCF_(?!VERBOSE$)/.test(name));
  const line = linesOf(textOf(tree, '/etc/ucf.conf') ?? '').find((one) => /^\s*(conf_|export)/.test(one));
  if (set !== undefined || line !== undefined)
    throw new NotInterpretable(`ucf has settings of its own: ${set ?? line}`);
}

function sumOf(tree: WritableTree, path: string): string | undefined {
  const line = linesOf(textOf(tree, `${STATE}/hashfile`) ?? '').find(
    (one) => /\s/.test(one) && one.slice(32).trim() === path,
  );
  return line?.slice(0, 32);
}

/** `cp -pf`. */
function copy(tree: WritableTree, from: string, to: string): void {
  const { mode, uid, gid, mtime } = tree.get(from)!;
  tree.write(to, tree.read(from), { mode, uid, gid, mtime });
}

/** `hashfile.0` is the state before, `hashfile.1` the one before that. */
function recordSum(tree: WritableTree, path: string, sum: string): void {
  const file = `${STATE}/hashfile`;
  const before = textOf(tree, file);
  if (before === undefined) {
    tree.write(file, `${sum}  ${path}\n`);
    return;
  }
  for (let age = OLD_STATES - 1; age >= 0; age--) {
    if (tree.get(`${file}.${age}`)) copy(tree, `${file}.${age}`, `${file}.${age + 1}`);
  }
  copy(tree, file, `${file}.0`);
  tree.remove(file);
  tree.write(file, `${before}${sum}  ${path}\n`);
}

export const ucfr: Program = (call) => {
  const given = parseArguments(call.argv, { flags: ['--force'], aliases: { '-f': '--force' } });
  const [name = '', path = ''] = given.rest;
  const { tree } = call;
  if (given.rest.length !== 2 || !path.startsWith('/')) refuseOption(call.argv, given.rest.join(' '));
  refuseSettings(tree, call.env);
  const file = `${STATE}/registry`;
  const target = `/${tree.resolve(path)}`;
  const before = textOf(tree, file) ?? '';
  const owner = linesOf(before)
    .find((line) => line.split(/\s+/).at(-1) === target)
    ?.split(/\s+/)[0];
  if (owner === name) return 0;
  if (owner !== undefined) throw new NotInterpretable(`ucfr: ${target} belongs to ${owner} already`);
  tree.makeDirectories(STATE);
  for (let age = OLD_STATES - 1; age >= 0; age--) {
    const old = textOf(tree, `${file}.${age}`);
    if (old !== undefined) tree.write(`${file}.${age + 1}`, old);
  }
  tree.write(`${file}.0`, before);
  if (tree.get(file)) tree.remove(file);
  tree.write(file, `${before}${name} \t ${target}\n`);
  return 0;
};
