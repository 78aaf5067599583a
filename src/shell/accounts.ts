// Users and groups of the image, as its own /etc/passwd and /etc/group name them (passwd(5), group(5)).
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { readText } from './files.ts';
import { linesOf } from './text.ts';

export interface Account {
  readonly name: string;
  readonly id: number;
  /** Of a user: the group. */
  readonly gid: number;
  /** Of a group: its members. */
  readonly members: readonly string[];
  readonly line: string;
}

/** All lines of `passwd` or `group`; none where the file is missing. */
export function accountsOf(tree: WritableTree, database: 'passwd' | 'group'): Account[] {
  const path = `/etc/${database}`;
  if (!tree.get(path)) return [];
  return linesOf(readText(tree, path)).flatMap((line) => {
    const [name = '', , id = '', rest = ''] = line.split(':');
    if (!/^[0-9]+$/.test(id)) return [];
    const members = database === 'group' ? rest.split(',').filter(Boolean) : [];
    return [{ name, id: Number(id), gid: database === 'passwd' ? Number(rest) : Number(id), members, line }];
  });
}

/** A name, or a number that no name is, as chown(1) reads it. */
export function accountOf(tree: WritableTree, database: 'passwd' | 'group', word: string): Account | undefined {
  const found = accountsOf(tree, database).find(({ name }) => name === word);
  if (found || !/^[0-9]+$/.test(word)) return found;
  const id = Number(word);
  return { name: word, id, gid: id, members: [], line: '' };
}

export const nameOf = (tree: WritableTree, database: 'passwd' | 'group', id: number): string | undefined =>
  accountsOf(tree, database).find((account) => account.id === id)?.name;
