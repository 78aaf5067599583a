// The builtin `getopts` (POSIX XCU, getopts).
import type { ShellBuiltin } from './builtin.ts';
import { assign, complain, ShellError, valueOf, type Shell } from './state.ts';

export const getopts: ShellBuiltin = (shell, [, letters, name, ...given]) => {
  if (letters === undefined || name === undefined) throw new ShellError('getopts: Usage: getopts optstring var [arg]');
  const words = given.length > 0 ? given : shell.args;
  const index = Number(valueOf(shell, 'OPTIND') ?? '1');
  // OPTIND is one further while letters of a word are left.
  const current = shell.optionOffset > 0 ? words[index - 2] : undefined;
  if (current !== undefined && shell.optionOffset < current.length) {
    takeLetter(shell, { letters, name, words, word: current, next: index, at: shell.optionOffset });
    return 0;
  }
  const word = words[index - 1];
  if (word === undefined || !/^-./.test(word) || word === '--') {
    assign(shell, 'OPTIND', String(word === '--' ? index + 1 : index));
    assign(shell, name, '?');
    return 1;
  }
  takeLetter(shell, { letters, name, words, word, next: index + 1, at: 1 });
  return 0;
};

interface Place {
  readonly letters: string;
  readonly name: string;
  readonly words: readonly string[];
  readonly word: string;
  /** OPTIND behind the word. */
  readonly next: number;
  /** Of the letter in the word. */
  readonly at: number;
}

function takeLetter(shell: Shell, { letters, name, words, word, next, at }: Place): void {
  const letter = word[at]!;
  const isQuiet = letters.startsWith(':');
  const known = letter === ':' ? -1 : letters.indexOf(letter);
  const rest = word.slice(at + 1);
  let found = letter;
  let argument: string | undefined = '';
  let index = next;
  let offset = rest === '' ? 0 : at + 1;
  if (known < 0) {
    found = '?';
    argument = isQuiet ? letter : undefined;
    if (!isQuiet) complain(shell, `Illegal option -${letter}`);
  } else if (letters[known + 1] === ':') {
    offset = 0;
    const value = rest === '' ? words[next - 1] : rest;
    if (value === undefined) {
      found = isQuiet ? ':' : '?';
      argument = isQuiet ? letter : undefined;
      if (!isQuiet) complain(shell, `No arg for -${letter} option`);
    } else {
      argument = value;
      if (rest === '') index++;
    }
  }
  assign(shell, 'OPTIND', String(index));
  shell.optionOffset = offset;
  if (argument === undefined) shell.variables.delete('OPTARG');
  else assign(shell, 'OPTARG', argument);
  assign(shell, name, found);
}
