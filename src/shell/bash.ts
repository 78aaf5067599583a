// Builtins of bash(1) where they differ from dash's: carried out where that is simple and exact, and else refused by name.
import type { ShellBuiltin } from './builtin.ts';
import { callOf } from './call.ts';
import { unescape } from './echo.ts';
import { NotInterpretable } from './program.ts';
import { assign, print, ShellError, type Shell } from './state.ts';
import { test } from './test.ts';

/** To dash they are programs that are not found, which a script may pass over; `chdir` is dash's alone, and `type` tells of bash's own names. */
const REFUSED: ReadonlySet<string> = new Set(
  `bind builtin caller chdir compgen complete compopt declare dirs disown enable help history let logout mapfile popd pushd readarray
shopt suspend type typeset`.split(/\s+/),
);
const KEYWORDS: ReadonlySet<string> = new Set(['[[', ']]', 'coproc', 'function', 'select', 'source', 'time']);

const refuse = (argv: readonly string[]): never => {
  throw new NotInterpretable(`${argv.join(' ')} in a script for bash`);
};

/** `plain`: what dash does under that name. */
export function inBash(name: string, plain: ShellBuiltin | undefined): ShellBuiltin | undefined {
  if (REFUSED.has(name)) return (_, argv) => refuse(argv);
  const own = OWN.get(name);
  const check = CHECKS.get(name);
  if (own || !check || !plain) return own ?? plain;
  return (shell, argv, isTested) => {
    if (check(argv.slice(1), shell)) refuse(argv);
    return plain(shell, argv, isTested);
  };
}

/** Escapes are read with -e alone. */
const echo: ShellBuiltin = (shell, [, ...words]) => {
  let [isEscaped, isBare] = [false, false];
  while (/^-[neE]+$/.test(words[0] ?? '')) {
    for (const letter of words.shift()!.slice(1)) {
      if (letter === 'n') isBare = true;
      else isEscaped = letter === 'e';
    }
  }
  const given = words.join(' ');
  if (isEscaped && hasOtherEscape(given, /[abcfnrtv\\0]/)) refuse(['echo', '-e', given]);
  const { text, isCut } = isEscaped ? unescape(given, '0') : { text: given, isCut: false };
  print(shell, isBare || isCut ? text : `${text}\n`);
  return 0;
};

/** Backslashes before what only one of the two shells knows. */
const hasOtherEscape = (text: string, known: RegExp): boolean =>
  [...text.matchAll(/\\([^]|$)/g)].some(([, char = '']) => !known.test(char));

/** A local variable starts unset, and is exported where the outer one is. */
const local: ShellBuiltin = (shell, argv) => {
  const saved = shell.saved.at(-1);
  const words = argv.slice(1);
  const isReadonly = words[0] === '-r';
  if (isReadonly) words.shift();
  if (!saved) throw new ShellError('local: not in a function');
  for (const word of words) {
    const [, name = '', value] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=([^]*))?$/.exec(word) ?? refuse(argv);
    const before = shell.variables.get(name);
    const isKnown = saved.has(name);
    if (before?.isReadonly) throw new ShellError(`local: ${name}: readonly variable`);
    if (!isKnown) saved.set(name, before);
    if (value !== undefined) assign(shell, name, value, { isReadonly });
    else if (!isKnown || isReadonly) {
      const kept = isKnown ? before?.value : undefined;
      shell.variables.set(name, { value: kept, isExported: before?.isExported ?? false, isReadonly });
    }
  }
  return 0;
};

/** `==` is `=`, where no other operator can be meant. */
const compare: ShellBuiltin = (shell, argv) => {
  const words = [...argv];
  const operands = words.slice(1, words[0] === '[' ? -1 : undefined);
  const first = operands[0] === '!' ? 1 : 0;
  if (/^-[aoNRv]$/.test(operands[first] ?? '') && operands.length === first + 2) refuse(argv);
  if (operands.length > 4 && operands.some((word) => /^(?:==|-[NRv])$/.test(word))) refuse(argv);
  if (operands.length === first + 3 && operands[first + 1] === '==') words[first + 2] = '=';
  return test(callOf(shell, words));
};

const OWN: ReadonlyMap<string, ShellBuiltin> = new Map<string, ShellBuiltin>([
  ['echo', echo],
  ['local', local],
  ['test', compare],
  ['[', compare],
]);

type Check = (words: readonly string[], shell: Shell) => boolean;

const listsOrHasOptions: Check = (words) => words.length === 0 || words[0]!.startsWith('-');
const isLooseName: Check = ([path = '']) => !path.includes('/');

/** Whether it means something else in bash. */
const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['.', isLooseName],
  ['source', isLooseName],
  ['export', listsOrHasOptions],
  ['readonly', listsOrHasOptions],
  ['exec', ([option = '']) => option.startsWith('-')],
  ['set', (words) => words.length === 0],
  ['trap', (words) => words.length === 0 || /^-./.test(words[0]!)],
  ['unset', ([name = ''], { functions, variables }) => functions.has(name) && !variables.has(name)],
  // Outside of functions bash complains and goes on; a file that is read by `.` is not told apart.
  ['return', (_, { saved }) => saved.length === 0],
  ['printf', ([option = '', ...rest]) => isOtherFormat(option, rest)],
  ['command', ([option, ...names]) => option === '-V' || names.some((name) => REFUSED.has(name) || KEYWORDS.has(name))],
]);

const isOtherFormat = (option: string, rest: readonly string[]): boolean =>
  (option.startsWith('-') && option !== '--') ||
  [option, ...rest].some((word) => hasOtherEscape(word, /[abcfnrtv\\0-7]/));
