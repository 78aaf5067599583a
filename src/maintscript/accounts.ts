// The account files: passwd(5), group(5), shadow(5), gshadow(5), changed line by line as shadow's programs change them.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import { linesOf, textOf } from './paths.ts';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
}

export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

export function usersOf(tree: WritableTree): User[] {
  return recordsOf(tree, '/etc/passwd', 7).map(([name = '', , uid, gid, comment = '', home = '', shell = '']) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    comment,
    home,
    shell,
  }));
}

export function groupsOf(tree: WritableTree): Group[] {
  return recordsOf(tree, '/etc/group', 4).map(([name = '', , gid, members = '']) => ({
    name,
    gid: Number(gid),
    members: members.split(',').filter((member) => member !== ''),
  }));
}

export const findUser = (tree: WritableTree, name: string): User | undefined =>
  usersOf(tree).find((user) => user.name === name);

export const findGroup = (tree: WritableTree, name: string): Group | undefined =>
  groupsOf(tree).find((group) => group.name === name);

function recordsOf(tree: WritableTree, file: string, fields: number): string[][] {
  return linesOf(textOf(tree, file) ?? '')
    .map((line) => line.split(':'))
    .filter((parts) => parts.length === fields);
}

/** A name or a number, as `chown` takes it. */
export function userId(tree: WritableTree, name: string): number | undefined {
  return findUser(tree, name)?.uid ?? (/^\d+$/.test(name) ? Number(name) : undefined);
}

export function groupId(tree: WritableTree, name: string): number | undefined {
  return findGroup(tree, name)?.gid ?? (/^\d+$/.test(name) ? Number(name) : undefined);
}

/** Adds the group and its shadow, without members. */
export function addGroup(tree: WritableTree, name: string, gid: number): void {
  appendLine(tree, '/etc/group', `${name}:x:${gid}:`);
  appendLine(tree, '/etc/gshadow', `${name}:!::`);
}

/** Adds a user without password; `days`: further fields of shadow(5), after the day of the last change. */
export function addUser(tree: WritableTree, user: User, days: string): void {
  const { name, uid, gid, comment, home, shell } = user;
  const today = Math.floor(tree.now / 86_400);
  appendLine(tree, '/etc/passwd', [name, 'x', uid, gid, comment, home, shell].join(':'));
  appendLine(tree, '/etc/shadow', `${name}:!:${today}:${days}`);
}

export function changeUser(tree: WritableTree, user: User): void {
  editRecord(tree, '/etc/passwd', user.name, (parts) => {
    const [name = '', password = ''] = parts;
    return [name, password, String(user.uid), String(user.gid), user.comment, user.home, user.shell];
  });
}

/** Puts the user at the end of the group's members. */
export function addMember(tree: WritableTree, group: string, user: string): void {
  const append = (parts: readonly string[]): string[] => {
    const members = parts.at(-1) ?? '';
    return [...parts.slice(0, -1), members === '' ? user : `${members},${user}`];
  };
  editRecord(tree, '/etc/group', group, append);
  editRecord(tree, '/etc/gshadow', group, append);
}

/** As groupmod(8) does it: the old line goes, the new one stands at the end. */
export function renameGroup(tree: WritableTree, group: string, to: string): void {
  for (const file of ['/etc/group', '/etc/gshadow']) {
    const lines = linesOf(contentOf(tree, file));
    const renamed = lines.filter((line) => line.startsWith(`${group}:`)).map((line) => to + line.slice(group.length));
    const kept = lines.filter((line) => !line.startsWith(`${group}:`));
    replaceContent(tree, file, [...kept, ...renamed].map((line) => `${line}\n`).join(''));
  }
}

function appendLine(tree: WritableTree, file: string, line: string): void {
  const text = contentOf(tree, file);
  replaceContent(tree, file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`);
}

function editRecord(
  tree: WritableTree,
  file: string,
  name: string,
  edit: (parts: readonly string[]) => readonly string[],
): void {
  const lines = linesOf(contentOf(tree, file));
  const changed = lines.map((line) => (line.startsWith(`${name}:`) ? edit(line.split(':')).join(':') : line));
  replaceContent(tree, file, changed.map((line) => `${line}\n`).join(''));
}

function contentOf(tree: WritableTree, file: string): string {
  const text = textOf(tree, file);
  if (text === undefined) throw new NotInterpretable(`an account is changed, but there is no ${file}`);
  return text;
}

/** The state before goes to the file with a dash, with its attributes, as shadow's programs leave it. */
export function replaceContent(tree: WritableTree, file: string, text: string): void {
  const node = tree.get(file)!;
  const { mode, uid, gid, mtime } = node;
  tree.write(`${file}-`, tree.read(file), { mode, uid, gid, mtime });
  tree.write(file, text);
}
