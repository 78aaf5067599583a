// How programs reach the tree: what a build has only while it runs (/proc, /sys, devices) is refused, and errors get their words.
import { ImageSpecError } from '../core/error.ts';
import type { FileErrorCode, TreeNode, WritableTree } from '../filesystem/writable-tree.ts';
import { FileError } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from './program.ts';
import { decodeText } from './text.ts';

/** Joined and without `.`, `..` kept: the tree resolves those through symlinks. */
export const absolute = (cwd: string, path: string): string => (path.startsWith('/') ? path : `${cwd}/${path}`);

/** Directories whose content the kernel makes up while a build runs. */
const LIVE = /^\/*(?:\.\/+)*(?:proc|sys)\/+[^/]/;

/** What `stat` (or with `follow` false `lstat`) gives. Throws `NotInterpretable` for /proc and /sys: nobody knows what is there. */
export function lookAt(tree: WritableTree, path: string, follow = true): TreeNode | undefined {
  if (path.endsWith('/') && path !== '/') {
    const node = lookAt(tree, path.replace(/\/+$/, '') || '/', true);
    return node?.type === 'directory' ? node : undefined;
  }
  const node = nodeAt(tree, path, follow);
  if (!node && LIVE.test(path)) throw new NotInterpretable(path);
  return node;
}

/** Links that lead around in a circle lead nowhere (ELOOP). */
function nodeAt(tree: WritableTree, path: string, follow: boolean): TreeNode | undefined {
  try {
    return tree.get(path, follow);
  } catch (error) {
    if (error instanceof ImageSpecError && error.code === 'ENTRY_INVALID') return undefined;
    throw error;
  }
}

/** Throws `NotInterpretable` where a directory's names are asked for that the kernel makes up. */
export function refuseLive(tree: WritableTree, directory: string): void {
  const at = tree.resolve(directory);
  if (at === 'proc' || at === 'sys') throw new NotInterpretable(`/${at}/*`);
}

/** Bytes of a file. Throws `FileError`, and `NotInterpretable` for what only a running kernel has or what was not captured of the base. */
export function readBytes(tree: WritableTree, path: string): Uint8Array {
  if (isNull(path)) return new Uint8Array();
  const node = lookAt(tree, path);
  if (!node && path.startsWith('/dev/')) throw new NotInterpretable(path);
  if (!node) throw new FileError('ENOENT', path);
  if (node.type === 'other') throw new NotInterpretable(path);
  return interpretable(() => tree.read(path));
}

export const readText = (tree: WritableTree, path: string): string => decodeText(readBytes(tree, path), path);

export const isNull = (path: string): boolean => /^\/+dev\/+null$/.test(path);

/** Runs with what cannot be read as `NotInterpretable`. */
export function interpretable<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof FileError && error.code === 'UNREADABLE')
      throw new NotInterpretable(error.path, { cause: error });
    throw error;
  }
}

const WORDS: Readonly<Record<FileErrorCode, string>> = {
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EEXIST: 'File exists',
  ENOTEMPTY: 'Directory not empty',
  EINVAL: 'Invalid argument',
  UNREADABLE: 'Not readable',
};

/** The words of strerror(3). */
export const wordsOf = ({ code }: FileError): string => WORDS[code];
