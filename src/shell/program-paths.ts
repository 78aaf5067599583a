// Utilities about names of files: `readlink`, `realpath`, `dirname`, `basename`, `which`, `ls`, `stat`.
import type { TreeNode } from '../filesystem/writable-tree.ts';
import { nodeSize } from '../filesystem/writable-tree.ts';
import { nameOf } from './accounts.ts';
import { absolute, lookAt } from './files.ts';
import { parseOptions } from './options.ts';
import { NotInterpretable, type Call, type Program } from './program.ts';
import { at, baseName, directoryName, fail } from './utility.ts';

/** `-e`: all of it must be there; `-f`: all but the last; `-m`: nothing. */
type Need = 'e' | 'f' | 'm';

function canonical(call: Call, path: string, need: Need): string | undefined {
  if (path === '') return undefined;
  const full = at(call, path);
  const resolved = `/${call.tree.resolve(full)}`;
  if (need === 'e' && !lookAt(call.tree, full)) return undefined;
  if (need === 'f' && lookAt(call.tree, directoryName(resolved))?.type !== 'directory') return undefined;
  return resolved;
}

const NEEDS = { canonicalize: 'f', 'canonicalize-existing': 'e', 'canonicalize-missing': 'm' };

export const readlink: Program = (call) => {
  const long = { ...NEEDS, 'no-newline': 'n', quiet: 'q' };
  const { operands, has } = parseOptions(call, { flags: 'femnqsv', long });
  if (operands.length === 0) return fail(call, 'missing operand');
  const need = (['e', 'f', 'm'] as const).find((one) => has(one));
  let status = 0;
  for (const path of operands) {
    const node = need ? undefined : lookAt(call.tree, at(call, path), false);
    const text = need ? canonical(call, path, need) : node?.type === 'symlink' ? node.target : undefined;
    if (text === undefined) status = 1;
    else call.stdout(has('n') && operands.length === 1 ? text : `${text}\n`);
  }
  return status;
};

export const realpath: Program = (call) => {
  const long = { ...NEEDS, strip: 's', 'no-symlinks': 's', quiet: 'q' };
  const { operands, has } = parseOptions(call, { flags: 'emsq', long });
  let status = 0;
  for (const path of operands) {
    const text = has('s') ? logical(at(call, path)) : canonical(call, path, has('e') ? 'e' : has('m') ? 'm' : 'f');
    const isMissing = has('s') && !has('m') && !lookAt(call.tree, at(call, path));
    if (text !== undefined && !isMissing) call.stdout(`${text}\n`);
    else status = has('q') ? 1 : fail(call, `${path}: No such file or directory`);
  }
  return status;
};

/** Without `.` and `..`, links left alone. */
function logical(path: string): string {
  const done: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') done.pop();
    else if (part !== '' && part !== '.') done.push(part);
  }
  return `/${done.join('/')}`;
}

export const dirname: Program = (call) => {
  const { operands } = parseOptions(call, {});
  if (operands.length === 0) return fail(call, 'missing operand');
  for (const path of operands) call.stdout(`${directoryName(path)}\n`);
  return 0;
};

export const basename: Program = (call) => {
  const { operands, has, value } = parseOptions(call, { flags: 'a', values: 's' });
  const [first] = operands;
  if (first === undefined) return fail(call, 'missing operand');
  const isMany = has('a') || has('s');
  if (!isMany && operands.length > 2) return fail(call, `extra operand '${operands[2]}'`);
  const suffix = isMany ? value('s') : operands[1];
  for (const path of isMany ? operands : [first]) {
    const name = baseName(path);
    const isCut = suffix !== undefined && suffix !== '' && name !== suffix && name.endsWith(suffix);
    call.stdout(`${isCut ? name.slice(0, -suffix.length) : name}\n`);
  }
  return 0;
};

export const which: Program = (call) => {
  const { operands, has } = parseOptions(call, { flags: 'as' });
  const isProgram = (path: string): boolean => {
    const node = lookAt(call.tree, absolute(call.cwd, path));
    return node?.type === 'file' && (node.mode & 0o111) !== 0;
  };
  let status = operands.length > 0 ? 0 : 1;
  for (const name of operands) {
    const folders = (call.env.get('PATH') ?? '').split(':');
    const paths = name.includes('/') ? [name] : folders.map((folder) => `${folder || '.'}/${name}`);
    const found = paths.filter(isProgram);
    if (found.length === 0) status = 1;
    if (!has('s')) for (const path of has('a') ? found : found.slice(0, 1)) call.stdout(`${path}\n`);
  }
  return status;
};

/** One name on each line, as to a pipe, by code unit. */
export const ls: Program = (call) => {
  const { operands, has } = parseOptions(call, { flags: '1AadL', long: { directory: 'd', all: 'a' } });
  const given = operands.length > 0 ? operands : ['.'];
  const nodes = [...given].sort().map((path) => ({
    path,
    node: lookAt(call.tree, at(call, path), true) ?? lookAt(call.tree, at(call, path), false),
  }));
  let status = 0;
  for (const { path, node } of nodes)
    if (!node) status = fail(call, `cannot access '${path}': No such file or directory`, 2);
  const there = nodes.filter(({ node }) => node);
  const isFolder = (node: TreeNode | undefined): boolean => node?.type === 'directory' && !has('d');
  const folders = there.filter(({ node }) => isFolder(node));
  const files = there.filter(({ node }) => !isFolder(node));
  for (const { path } of files) call.stdout(`${path}\n`);
  for (const [index, { path }] of folders.entries()) {
    if (given.length > 1) call.stdout(`${index > 0 || files.length > 0 ? '\n' : ''}${path}:\n`);
    const names = call.tree.list(at(call, path));
    const all = has('a') ? ['.', '..', ...names] : has('A') ? names : names.filter((name) => !name.startsWith('.'));
    for (const name of all) call.stdout(`${name}\n`);
  }
  return status;
};

export const stat: Program = (call) => {
  const { operands, has, value } = parseOptions(call, {
    flags: 'L',
    values: 'c',
    long: { format: 'c', dereference: 'L' },
  });
  const format = value('c');
  if (format === undefined) throw new NotInterpretable('stat without -c');
  let status = 0;
  for (const path of operands) {
    const node = lookAt(call.tree, at(call, path), has('L'));
    if (!node) status = fail(call, `cannot statx '${path}': No such file or directory`);
    else call.stdout(`${format.replace(/%(.)?/g, (_, letter = '') => described(call, path, node, letter))}\n`);
  }
  return status;
};

const KINDS = { directory: 'directory', symlink: 'symbolic link' } as const;

function described({ tree }: Call, path: string, node: TreeNode, letter: string): string {
  if (node.type === 'other') throw new NotInterpretable(`stat of the device ${path}`);
  const size =
    node.type === 'file' ? nodeSize(node) : node.type === 'symlink' ? Buffer.byteLength(node.target) : undefined;
  switch (letter) {
    case '%':
      return '%';
    case 'n':
      return path;
    case 'a':
      return node.mode.toString(8);
    case 'u':
      return String(node.uid);
    case 'g':
      return String(node.gid);
    case 'U':
      return nameOf(tree, 'passwd', node.uid) ?? 'UNKNOWN';
    case 'G':
      return nameOf(tree, 'group', node.gid) ?? 'UNKNOWN';
    case 'Y':
      return String(node.mtime);
    case 'F':
      return node.type === 'file' ? (size === 0 ? 'regular empty file' : 'regular file') : KINDS[node.type];
    case 's':
      if (size !== undefined) return String(size);
      throw new NotInterpretable('the size of a directory');
    default:
      throw new NotInterpretable(`stat -c %${letter}`);
  }
}
