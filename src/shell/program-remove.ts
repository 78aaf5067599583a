// Utilities that make and remove: `rm`, `rmdir`, `mkdir`, `touch`, `mktemp`.
import { FileError } from '../filesystem/writable-tree.ts';
import { lookAt } from './files.ts';
import { changeMode } from './mode.ts';
import { parseOptions } from './options.ts';
import { NotInterpretable, type Call, type Program } from './program.ts';
import { at, directoryName, fail, forEach } from './utility.ts';

export const rm: Program = (call) => {
  const long = { recursive: 'r', force: 'f', verbose: 'v', dir: 'd' };
  const { operands, has } = parseOptions(call, { flags: 'rRfvd', long });
  const isRecursive = has('r') || has('R');
  return forEach(
    call,
    operands,
    (path) => {
      const full = at(call, path);
      const node = lookAt(call.tree, full, false);
      if (!node && has('f')) return 0;
      if (/^(?:.*\/)?\.\.?\/*$/.test(path))
        return fail(call, `refusing to remove '.' or '..' directory: skipping '${path}'`);
      if (node?.type !== 'directory') call.tree.remove(full);
      else if (isRecursive) call.tree.removeAll(full);
      else if (has('d')) call.tree.remove(full);
      else throw new FileError('EISDIR', path);
      if (has('v')) call.stdout(`removed ${node?.type === 'directory' ? 'directory ' : ''}'${path}'\n`);
      return 0;
    },
    'cannot remove',
  );
};

export const rmdir: Program = (call) => {
  const long = { parents: 'p', 'ignore-fail-on-non-empty': 'i', verbose: 'v' };
  const { operands, has } = parseOptions(call, { flags: 'pv', long });
  const removeOne = (path: string): boolean => {
    try {
      if (has('v')) call.stdout(`rmdir: removing directory, '${path}'\n`);
      const full = at(call, path);
      if (lookAt(call.tree, full, false)?.type !== 'directory') {
        throw new FileError(lookAt(call.tree, full, false) ? 'ENOTDIR' : 'ENOENT', path);
      }
      call.tree.remove(full);
      return true;
    } catch (error) {
      if (error instanceof FileError && error.code === 'ENOTEMPTY' && has('i')) return false;
      throw error;
    }
  };
  return forEach(
    call,
    operands,
    (path) => {
      let current = path.replace(/(.)\/+$/, '$1');
      while (removeOne(current) && has('p')) {
        const parent = directoryName(current);
        if (parent === '.' || parent === '/') return;
        current = parent;
      }
    },
    'failed to remove',
  );
};

export const mkdir: Program = (call) => {
  const { operands, has, value } = parseOptions(call, {
    // `Z`: a context of SELinux, which has no effect where that does not run.
    flags: 'pvZ',
    values: 'm',
    long: { parents: 'p', mode: 'm', verbose: 'v' },
  });
  const plain = 0o777 & ~call.umask;
  const given = value('m');
  const mode = given === undefined ? plain : changeMode(given, 0o777, { isDirectory: true, umask: call.umask });
  return forEach(
    call,
    operands,
    (path) => {
      const full = at(call, path).replace(/(.)\/+$/, '$1');
      const before = lookAt(call.tree, full);
      if (has('p')) {
        if (before?.type === 'directory') return;
        call.tree.makeDirectories(directoryName(full), { mode: plain | 0o300 });
      }
      makeDirectory(call, full, mode);
      if (has('v')) call.stdout(`mkdir: created directory '${path}'\n`);
    },
    'cannot create directory',
  );
};

/** A directory in one with the set-group-ID bit gets its group and that bit, as mkdir(2) does. */
export function makeDirectory({ tree }: Call, path: string, mode: number): void {
  const parent = tree.get(directoryName(path));
  const inherits = parent?.type === 'directory' && (parent.mode & 0o2000) !== 0;
  tree.makeDirectory(path, inherits ? { mode: mode | 0o2000, gid: parent.gid } : { mode });
}

export const touch: Program = (call) => {
  const { operands, has, value } = parseOptions(call, {
    flags: 'acmfh',
    values: 'rdt',
    long: { 'no-create': 'c', 'no-dereference': 'h', reference: 'r' },
  });
  if (has('d') || has('t')) throw new NotInterpretable('touch with a date');
  const { tree } = call;
  const reference = value('r');
  const model = reference === undefined ? undefined : lookAt(tree, at(call, reference));
  if (reference !== undefined && !model)
    return fail(call, `failed to get attributes of '${reference}': No such file or directory`);
  const mtime = model?.mtime ?? tree.now;
  return forEach(
    call,
    operands,
    (path) => {
      const full = at(call, path);
      if (lookAt(tree, full, !has('h'))) {
        if (!has('a') || has('m')) tree.setAttributes(full, { mtime }, !has('h'));
      } else if (path.endsWith('/') || (has('h') && !has('c'))) throw new FileError('ENOENT', path);
      else if (!has('c')) tree.write(full, '', { mode: 0o666 & ~call.umask, mtime });
    },
    'cannot touch',
  );
};

/** Names are counted up, so that the same script makes the same names. */
export const mktemp: Program = (call) => {
  const { operands, has, value } = parseOptions(call, {
    flags: 'dqt',
    values: 'ps',
    long: { directory: 'd', suffix: 's' },
  });
  const [given] = operands;
  const folder = value('p') ?? (given === undefined || has('t') ? (call.env.get('TMPDIR') ?? '/tmp') : undefined);
  const template = `${folder === undefined ? '' : `${folder}/`}${given ?? 'tmp.XXXXXXXXXX'}${value('s') ?? ''}`;
  const match = /^([^]*?)(X{3,})([^/X]*)$/.exec(template);
  if (!match) return fail(call, `too few X's in template '${given}'`);
  const [, before = '', marks = '', after = ''] = match;
  for (let count = 0; ; count++) {
    const path = `${before}${count.toString(36).padStart(marks.length, '0')}${after}`;
    const full = at(call, path);
    if (lookAt(call.tree, full, false)) continue;
    const make = (): void => (has('d') ? makeDirectory(call, full, 0o700) : call.tree.write(full, '', { mode: 0o600 }));
    const status = forEach(call, [path], make, 'failed to create');
    if (status === 0) call.stdout(`${path}\n`);
    return status;
  }
};
