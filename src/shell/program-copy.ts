// Utilities that copy, move and link: `cp`, `mv`, `install`, `ln`.
import type { Attributes, TreeNode } from '../filesystem/writable-tree.ts';
import { FileError } from '../filesystem/writable-tree.ts';
import { interpretable, isNull, lookAt, readBytes } from './files.ts';
import { changeMode } from './mode.ts';
import { parseOptions, type Options } from './options.ts';
import { groupOf, ownerOf } from './program-accounts.ts';
import { makeDirectory } from './program-remove.ts';
import { NotInterpretable, type Call, type Program } from './program.ts';
import { at, baseName, directoryName, fail, forEach } from './utility.ts';

interface Pair {
  /** As given. */
  readonly from: string;
  readonly to: string;
}

/** Sources with their targets: `-t DIR`, `-T`, a directory at the end, or two names. Undefined for operands that make no sense. */
function pairsOf(call: Call, { operands, has, value }: Options): Pair[] | undefined {
  const folder = value('t');
  const sources = folder === undefined ? operands.slice(0, -1) : operands;
  const target = folder ?? operands.at(-1);
  if (target === undefined || sources.length === 0) return undefined;
  const node = has('T') ? undefined : lookAt(call.tree, at(call, target), !has('n') || call.argv[0] !== 'ln');
  if (node?.type === 'directory')
    return sources.map((from) => ({ from, to: `${target.replace(/(.)\/+$/, '$1')}/${baseName(from)}` }));
  return folder === undefined && sources.length === 1 && !(target.endsWith('/') && node)
    ? [{ from: sources[0]!, to: target }]
    : undefined;
}

function forPairs(call: Call, options: Options, verb: string, act: (pair: Pair) => number | void): number {
  const pairs = pairsOf(call, options);
  if (!pairs) return fail(call, `target '${options.operands.at(-1) ?? ''}' is not a directory`);
  const byName = new Map(pairs.map((pair) => [pair.from, pair]));
  return forEach(call, [...byName.keys()], (from) => act(byName.get(from)!), verb);
}

interface CopyOptions {
  readonly isRecursive: boolean;
  readonly follows: boolean;
  readonly preserves: boolean;
  readonly keepsExisting: boolean;
  readonly isLinking: boolean;
  readonly removesFirst: boolean;
  /** Where each file was copied to, so that its further names become names of the copy; undefined where they become files. */
  readonly links: Map<TreeNode, string> | undefined;
}

export const cp: Program = (call) => {
  const options = parseOptions(call, {
    flags: 'aprRfnldTvPLZ',
    values: 't',
    long: {
      archive: 'a',
      recursive: 'r',
      force: 'f',
      'no-clobber': 'n',
      'no-target-directory': 'T',
      'no-dereference': 'P',
      dereference: 'L',
      'remove-destination': '!',
    },
  });
  const { has } = options;
  const isRecursive = has('a') || has('r') || has('R');
  const copy: CopyOptions = {
    isRecursive,
    follows: has('L') || !(isRecursive || has('d') || has('P')),
    preserves: has('a') || has('p'),
    keepsExisting: has('n'),
    isLinking: has('l'),
    removesFirst: has('!'),
    links: has('a') || has('d') ? new Map<TreeNode, string>() : undefined,
  };
  return forPairs(call, options, 'cannot copy', ({ from, to }) => {
    const node = lookAt(call.tree, at(call, from), copy.follows);
    if (!node && !isNull(from)) return fail(call, `cannot stat '${from}': No such file or directory`);
    if (node?.type === 'directory' && !isRecursive) return fail(call, `-r not specified; omitting directory '${from}'`);
    if (node && node.type !== 'symlink' && lookAt(call.tree, at(call, to)) === node)
      return fail(call, `'${from}' and '${to}' are the same file`);
    if (has('v')) call.stdout(`'${from}' -> '${to}'\n`);
    copyNode(call, at(call, from), at(call, to), copy);
    return 0;
  });
};

function copyNode(call: Call, from: string, to: string, options: CopyOptions): void {
  const { tree } = call;
  const node = lookAt(tree, from, options.follows);
  if (!node && !isNull(from)) throw new FileError('ENOENT', from);
  if (node?.type === 'other') throw new NotInterpretable(`a copy of the device ${from}`);
  if (node?.type === 'directory') {
    copyDirectory(call, from, to, node, options);
    return;
  }
  if (lookAt(tree, to, false) && options.keepsExisting) return;
  if (lookAt(tree, to)?.type === 'directory') throw new FileError('EISDIR', to);
  if (options.removesFirst && lookAt(tree, to, false)) tree.remove(to);
  if (options.isLinking) tree.link(from, to);
  else if (node?.type === 'symlink') {
    if (lookAt(tree, to, false)) tree.remove(to);
    tree.symlink(to, node.target);
    if (options.preserves) tree.setAttributes(to, kept(node), false);
  } else copyContent(call, from, to, node, options);
}

function copyContent(call: Call, from: string, to: string, node: TreeNode | undefined, options: CopyOptions): void {
  const { tree } = call;
  const first = node && options.links?.get(node);
  if (first !== undefined) {
    if (lookAt(tree, to, false)) tree.remove(to);
    tree.link(first, to);
    return;
  }
  copyFile(call, from, to, node, node && options.preserves ? kept(node) : undefined);
  if (node) options.links?.set(node, to);
}

/** Into what is there, keeping its owner and mode, or as a new file. */
function copyFile(
  call: Call,
  from: string,
  to: string,
  node: TreeNode | undefined,
  attributes?: Partial<Attributes>,
): void {
  const { tree, umask } = call;
  const mode = (node?.mode ?? 0o666) & 0o777 & ~umask;
  if (!tree.get(to) && node?.type === 'file' && node.content.kind !== 'base') {
    // Bytes that lie on the host stay there.
    const entry = {
      type: 'file',
      path: tree.resolve(to),
      mode,
      uid: 0,
      gid: 0,
      mtime: tree.now,
      ...attributes,
    } as const;
    tree.place({ ...entry, content: node.content });
    return;
  }
  const bytes = interpretable(() => readBytes(tree, from));
  tree.write(to, bytes, tree.get(to) ? {} : { mode });
  if (attributes) tree.setAttributes(to, attributes);
}

function copyDirectory(call: Call, from: string, to: string, node: TreeNode, options: CopyOptions): void {
  const { tree } = call;
  const target = lookAt(tree, to);
  if (target && target.type !== 'directory') throw new FileError('ENOTDIR', to);
  if (`/${tree.resolve(to)}/`.startsWith(`/${tree.resolve(from)}/`))
    throw new NotInterpretable('a copy of a directory into itself');
  if (!target) makeDirectory(call, to, node.mode & 0o7777 & ~call.umask);
  for (const name of tree.list(from)) copyNode(call, `${from}/${name}`, `${to}/${name}`, options);
  if (options.preserves) tree.setAttributes(to, kept(node));
}

const kept = ({ mode, uid, gid, mtime, xattrs }: TreeNode): Partial<Attributes> => ({
  mode,
  uid,
  gid,
  mtime,
  ...(xattrs && { xattrs }),
});

export const mv: Program = (call) => {
  const long = { force: 'f', 'no-clobber': 'n', 'no-target-directory': 'T', verbose: 'v' };
  const options = parseOptions(call, { flags: 'fnTvZ', values: 't', long });
  return forPairs(call, options, 'cannot move', ({ from, to }) => {
    const [source, target] = [at(call, from).replace(/\/+$/, ''), at(call, to).replace(/\/+$/, '')];
    if (!lookAt(call.tree, source, false)) return fail(call, `cannot stat '${from}': No such file or directory`);
    if (options.has('n') && lookAt(call.tree, target, false)) return 0;
    if (call.tree.resolve(source, false) === call.tree.resolve(target, false))
      return fail(call, `'${from}' and '${to}' are the same file`);
    interpretable(() => call.tree.rename(source, target));
    if (options.has('v')) call.stdout(`renamed '${from}' -> '${to}'\n`);
    return 0;
  });
};

export const ln: Program = (call) => {
  const long = {
    symbolic: 's',
    force: 'f',
    'no-dereference': 'n',
    'no-target-directory': 'T',
    relative: 'r',
    verbose: 'v',
  };
  const options = parseOptions(call, { flags: 'sfnTrv', values: 't', long });
  const { has, operands, value } = options;
  const { tree } = call;
  // One operand: a link of that name here.
  const given =
    operands.length === 1 && value('t') === undefined ? { ...options, operands: [...operands, '.'] } : options;
  return forPairs(call, given, `failed to create ${has('s') ? 'symbolic' : 'hard'} link`, ({ from, to }) => {
    const target = at(call, to);
    const before = lookAt(tree, target, false);
    if (before?.type === 'directory') throw new FileError(has('f') ? 'EISDIR' : 'EEXIST', to);
    if (!has('s') && !lookAt(tree, at(call, from), false)) throw new FileError('ENOENT', from);
    if (before && has('f')) tree.remove(target);
    if (!has('s')) tree.link(at(call, from), target);
    else
      tree.symlink(
        target,
        has('r') ? relativeTo(tree.resolve(directoryName(target)), tree.resolve(at(call, from))) : from,
      );
    if (has('v')) call.stdout(`'${to}' ${has('s') ? '->' : '=>'} '${from}'\n`);
  });
};

function relativeTo(folder: string, path: string): string {
  const [a, b] = [folder.split('/').filter(Boolean), path.split('/').filter(Boolean)];
  let shared = 0;
  while (shared < a.length && shared < b.length && a[shared] === b[shared]) shared++;
  return [...a.slice(shared).map(() => '..'), ...b.slice(shared)].join('/') || '.';
}

export const install: Program = (call) => {
  const options = parseOptions(call, {
    flags: 'dDTpvcZ',
    values: 'mogt',
    long: { directory: 'd', mode: 'm', owner: 'o', group: 'g', 'no-target-directory': 'T', 'target-directory': 't' },
  });
  const { has, value, operands } = options;
  const { tree } = call;
  const [owner, group] = [value('o'), value('g')];
  const uid = owner === undefined ? undefined : ownerOf(call, owner)?.uid;
  const gid = group === undefined ? undefined : groupOf(call, group);
  if (owner !== undefined && uid === undefined) return fail(call, `invalid user '${owner}'`);
  if (group !== undefined && gid === undefined) return fail(call, `invalid group '${group}'`);
  const mode = changeMode(value('m') ?? '755', 0, { isDirectory: has('d'), umask: 0 });
  const attributes = { mode, ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
  if (has('d')) {
    return forEach(call, operands, (path) => {
      tree.makeDirectories(at(call, path), { mode: 0o755 });
      tree.setAttributes(at(call, path), attributes);
    });
  }
  if (has('D')) {
    const target = value('t') ?? directoryName(operands.at(-1) ?? '');
    tree.makeDirectories(at(call, target), { mode: 0o755 });
  }
  return forPairs(call, options, 'cannot install', ({ from, to }) => {
    const node = lookAt(tree, at(call, from));
    if (!node && !isNull(from)) return fail(call, `cannot stat '${from}': No such file or directory`);
    if (node?.type === 'directory') return fail(call, `omitting directory '${from}'`);
    if (lookAt(tree, at(call, to), false)) tree.remove(at(call, to));
    const mtime = has('p') && node ? { mtime: node.mtime } : {};
    copyFile(call, at(call, from), at(call, to), node, { ...attributes, ...mtime });
    return 0;
  });
};
