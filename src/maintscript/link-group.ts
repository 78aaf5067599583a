// One link group of update-alternatives(1), as its administrative file holds it.
import { NotInterpretable } from '../shell/program.ts';
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { textOf } from './paths.ts';

const ADMIN_FOLDER = '/var/lib/dpkg/alternatives';
/** Links of a group, and choices in one; a file with more is not one that dpkg wrote. */
const MAX_LINES = 100_000;

export interface Choice {
  readonly path: string;
  readonly priority: number;
  /** Files by name of the slave link; names that it does not provide are absent. */
  readonly slaves: ReadonlyMap<string, string>;
}

export interface LinkGroup {
  readonly name: string;
  readonly mode: 'auto' | 'manual';
  /** Absolute; the generic name. */
  readonly link: string;
  /** Generic names of slaves by their name in /etc/alternatives. */
  readonly slaves: ReadonlyMap<string, string>;
  readonly choices: readonly Choice[];
}

const adminFile = (name: string): string => `${ADMIN_FOLDER}/${name}`;

/** Choices whose file is gone are left out, as the real one does when it reads. */
export function readGroup(tree: WritableTree, name: string): LinkGroup | undefined {
  const text = textOf(tree, adminFile(name));
  if (text === undefined) return undefined;
  const group = parseGroup(name, text);
  return { ...group, choices: group.choices.filter(({ path }) => tree.get(path)) };
}

/** Names of all groups, sorted. */
export function groupNames(tree: WritableTree): string[] {
  return tree.get(ADMIN_FOLDER) ? tree.list(ADMIN_FOLDER) : [];
}

function parseGroup(name: string, text: string): LinkGroup {
  const lines = text.split('\n');
  const damaged = (): never => {
    throw new NotInterpretable(`${adminFile(name)} is not in the form that update-alternatives writes`);
  };
  if (lines.length > MAX_LINES) damaged();
  const next = (): string => lines.shift() ?? damaged();
  const mode = next();
  if (mode !== 'auto' && mode !== 'manual') damaged();
  const link = next();
  const slaves = new Map<string, string>();
  for (let slave = next(); slave !== ''; slave = next()) slaves.set(slave, next());
  const choices: Choice[] = [];
  for (let path = next(); path !== ''; path = next()) {
    const priority = Number.parseInt(next(), 10);
    const files = [...slaves.keys()].map((slave) => [slave, next()] as const).filter(([, file]) => file !== '');
    choices.push({ path, priority, slaves: new Map(files) });
  }
  return { name, mode: mode === 'manual' ? 'manual' : 'auto', link, slaves, choices };
}

/** Slaves by name, choices by path, both in the order of bytes; slaves that no choice provides are gone. */
export function writeGroup(tree: WritableTree, group: LinkGroup): void {
  const slaves = [...group.slaves]
    .filter(([name]) => group.choices.some((choice) => choice.slaves.has(name)))
    .sort(([a], [b]) => compareBytes(a, b));
  const lines = [group.mode, group.link, ...slaves.flat(), ''];
  for (const choice of [...group.choices].sort((a, b) => compareBytes(a.path, b.path))) {
    lines.push(choice.path, String(choice.priority), ...slaves.map(([name]) => choice.slaves.get(name) ?? ''));
  }
  const text = [...lines, '', ''].join('\n');
  if (text === textOf(tree, adminFile(group.name))) return;
  // The real one writes a new file and renames it: the attributes of an old one are not kept.
  removeGroup(tree, group.name);
  tree.write(adminFile(group.name), text);
}

export function removeGroup(tree: WritableTree, name: string): void {
  if (tree.get(adminFile(name), false)) tree.remove(adminFile(name));
}

/** Of the highest priority; among several the current one, else the first. */
export function bestChoice(choices: readonly Choice[], current: string | undefined): Choice | undefined {
  let best = choices.find(({ path }) => path === current);
  for (const choice of choices) if (!best || choice.priority > best.priority) best = choice;
  return best;
}

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
