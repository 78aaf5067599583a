// Builtins about variables and arguments: `export`, `local`, `set`, `shift`, `read`, `getopts`.
import type { ShellBuiltin } from './builtin.ts';
import { countOf, quote } from './builtins-control.ts';
import { getopts } from './getopts.ts';
import { NotInterpretable } from './program.ts';
import { readVariables } from './read.ts';
import { assign, print, ShellError, type Flag, type Shell, type Variable } from './state.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function nameAndValue(builtin: string, word: string): [name: string, value: string | undefined] {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  if (!NAME.test(name)) throw new ShellError(`${builtin}: ${name}: bad variable name`);
  return [name, equals < 0 ? undefined : word.slice(equals + 1)];
}

function mark(shell: Shell, name: string, value: string | undefined, more: Partial<Variable>): void {
  const before = shell.variables.get(name) ?? { value: undefined, isExported: false, isReadonly: false };
  if (value !== undefined) assign(shell, name, value, { isExported: before.isExported, ...more });
  else shell.variables.set(name, { ...before, ...more });
}

/** `export` and `readonly`. */
const marking =
  (attribute: 'isExported' | 'isReadonly'): ShellBuiltin =>
  (shell, [builtin = '', ...words]) => {
    while (words[0] === '-p' || words[0] === '--') words.shift();
    for (const word of words) {
      const [name, value] = nameAndValue(builtin, word);
      mark(shell, name, value, { [attribute]: true });
    }
    if (words.length > 0) return 0;
    for (const [name, variable] of sorted(shell)) {
      if (!variable[attribute]) continue;
      print(shell, `${builtin} ${name}${variable.value === undefined ? '' : `=${quote(variable.value)}`}\n`);
    }
    return 0;
  };

const sorted = (shell: Shell): [string, Variable][] =>
  [...shell.variables].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

const local: ShellBuiltin = (shell, [, ...words]) => {
  const saved = shell.saved.at(-1);
  if (!saved) throw new ShellError('local: not in a function');
  for (const word of words) {
    if (word === '-') throw new NotInterpretable('local -');
    const [name, value] = nameAndValue('local', word);
    if (!saved.has(name)) saved.set(name, shell.variables.get(name));
    if (value !== undefined) assign(shell, name, value);
  }
  return 0;
};

const unset: ShellBuiltin = (shell, [, ...words]) => {
  const kind = words[0] === '-f' || words[0] === '-v' ? words.shift() : '-v';
  for (const name of words) {
    if (kind === '-f') shell.functions.delete(name);
    else if (!NAME.test(name)) throw new ShellError(`unset: ${name}: bad variable name`);
    else if (shell.variables.get(name)?.isReadonly) throw new ShellError(`unset: ${name}: is read only`);
    else shell.variables.delete(name);
  }
  return 0;
};

const LONG_FLAGS: Readonly<Record<string, Flag | ''>> = {
  errexit: 'e',
  nounset: 'u',
  noglob: 'f',
  xtrace: 'x',
  verbose: 'v',
  allexport: 'a',
  noclobber: 'C',
};

const set: ShellBuiltin = (shell, [, ...words]) => {
  if (words.length === 0) {
    for (const [name, { value }] of sorted(shell)) if (value !== undefined) print(shell, `${name}=${quote(value)}\n`);
    return 0;
  }
  while (/^[-+]./.test(words[0] ?? '') && words[0] !== '--') {
    const word = words.shift()!;
    for (const letter of word.slice(1))
      switchFlag(shell, letter === 'o' ? flagNamed(words.shift()) : letter, word[0] === '-');
  }
  if (words[0] === '-') {
    shell.flags.delete('v');
    shell.flags.delete('x');
    words.shift();
    if (words.length > 0) shell.args = words;
  } else if (words[0] === '--') shell.args = words.slice(1);
  else if (words.length > 0) shell.args = words;
  return 0;
};

function flagNamed(name = ''): string {
  const flag = LONG_FLAGS[name];
  if (flag === undefined) throw new NotInterpretable(`set -o ${name}`);
  return flag;
}

function switchFlag(shell: Shell, letter: string, isOn: boolean): void {
  if (!/^[aCefuvx]$/.test(letter)) throw new NotInterpretable(`set ${isOn ? '-' : '+'}${letter}`);
  if (isOn) shell.flags.add(letter as Flag);
  else shell.flags.delete(letter as Flag);
}

const shift: ShellBuiltin = (shell, [, word = '1']) => {
  const count = countOf(word);
  if (count > shell.args.length) throw new ShellError("shift: can't shift that many");
  shell.args = shell.args.slice(count);
  return 0;
};

export const VARIABLES: ReadonlyMap<string, ShellBuiltin> = new Map<string, ShellBuiltin>([
  ['export', marking('isExported')],
  ['readonly', marking('isReadonly')],
  ['local', local],
  ['unset', unset],
  ['set', set],
  ['shift', shift],
  ['read', readVariables],
  ['getopts', getopts],
]);
