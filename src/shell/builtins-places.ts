// Builtins about names and places: `command`, `type`, `cd`, `pwd`, `umask`.
import { SPECIAL, type ShellBuiltin } from './builtin.ts';
import { pathOf } from './builtins-control.ts';
import { absolute, lookAt } from './files.ts';
import { changeMode } from './mode.ts';
import { NotInterpretable } from './program.ts';
import { assign, print, ShellError, valueOf, type Shell } from './state.ts';

const KEYWORDS: ReadonlySet<string> = new Set(
  '! case do done elif else esac fi for if in then until while { }'.split(' '),
);

const cd: ShellBuiltin = (shell, [, ...words]) => {
  while (words[0] === '-L' || words[0] === '--') words.shift();
  const [given] = words;
  if (given === '-P') throw new NotInterpretable('cd -P');
  const target = given === '-' ? valueOf(shell, 'OLDPWD') : (given ?? valueOf(shell, 'HOME'));
  const path = logical(absolute(shell.cwd, target === undefined || target === '' ? '.' : target));
  if (lookAt(shell.machine.tree, path)?.type !== 'directory') throw new ShellError(`cd: can't cd to ${target}`);
  assign(shell, 'OLDPWD', shell.cwd);
  shell.cwd = path;
  assign(shell, 'PWD', path);
  if (given === '-') print(shell, `${path}\n`);
  return 0;
};

/** Without `.` and `..`, as text: `cd` without -P does not look at links. */
function logical(path: string): string {
  const done: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') done.pop();
    else if (part !== '' && part !== '.') done.push(part);
  }
  return `/${done.join('/')}`;
}

const pwd: ShellBuiltin = (shell, [, option]) => {
  if (option !== undefined && option !== '-L' && option !== '-P') throw new NotInterpretable(`pwd ${option}`);
  print(shell, option === '-P' ? `/${shell.machine.tree.resolve(shell.cwd)}\n` : `${shell.cwd}\n`);
  return 0;
};

const umask: ShellBuiltin = (shell, [, ...words]) => {
  const [word] = words[0] === '--' ? words.slice(1) : words;
  if (word === undefined) print(shell, `${shell.umask.toString(8).padStart(4, '0')}\n`);
  else if (/^[0-7]{1,4}$/.test(word)) shell.umask = Number.parseInt(word, 8) & 0o777;
  else if (word.startsWith('-')) throw new NotInterpretable(`umask ${word}`);
  else shell.umask = ~changeMode(word, ~shell.umask & 0o777, { isDirectory: false, umask: 0 }) & 0o777;
  return 0;
};

/** How `command -v` and `type` name what a command is. */
function describe(
  shell: Shell,
  name: string,
  isBuiltin: (name: string) => boolean,
): [word: string, sentence: string] | undefined {
  if (KEYWORDS.has(name)) return [name, 'a shell keyword'];
  if (SPECIAL.has(name)) return [name, 'a special shell builtin'];
  if (shell.functions.has(name) || shell.extras.has(name)) return [name, 'a shell function'];
  if (isBuiltin(name)) return [name, 'a shell builtin'];
  const path = pathOf(shell, name);
  return path === undefined ? undefined : [path, path];
}

/** `isBuiltin` and `run` come from the table that these stand in. */
export function naming(
  isBuiltin: (name: string) => boolean,
  run: (shell: Shell, argv: readonly string[], isTested: boolean) => number,
): ReadonlyMap<string, ShellBuiltin> {
  const type: ShellBuiltin = (shell, [, ...names]) => {
    const found = names.map((name) => [name, describe(shell, name, isBuiltin)?.[1]] as const);
    for (const [name, what] of found)
      print(shell, what === undefined ? `${name}: not found\n` : `${name} is ${what}\n`);
    return found.every(([, what]) => what !== undefined) ? 0 : 127;
  };
  const command: ShellBuiltin = (shell, [, ...words], isTested) => {
    while (words[0] === '-p' || words[0] === '--') words.shift();
    const [option, ...names] = words;
    if (option === undefined) return 0;
    if (option === '-V') return type(shell, ['type', ...names], isTested);
    if (option !== '-v') {
      if (option.startsWith('-')) throw new NotInterpretable(`command ${option}`);
      return run(shell, words, isTested);
    }
    const found = names.map((name) => describe(shell, name, isBuiltin)?.[0]);
    for (const word of found) if (word !== undefined) print(shell, `${word}\n`);
    return found.includes(undefined) ? (shell.isBash ? 1 : 127) : 0;
  };
  return new Map([
    ['type', type],
    ['command', command],
  ]);
}

export const PLACES: ReadonlyMap<string, ShellBuiltin> = new Map<string, ShellBuiltin>([
  ['cd', cd],
  ['chdir', cd],
  ['pwd', pwd],
  ['umask', umask],
]);
