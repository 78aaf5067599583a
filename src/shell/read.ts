// The builtin `read` (POSIX XCU, read): one line of standard input into variables.
import type { ShellBuiltin } from './builtin.ts';
import { NotInterpretable } from './program.ts';
import { assign, ShellError, valueOf, type Shell } from './state.ts';

interface Char {
  readonly char: string;
  /** Behind a backslash: never a separator. */
  readonly isQuoted: boolean;
}

export const readVariables: ShellBuiltin = (shell, [, ...words]) => {
  let isRaw = false;
  for (; words[0]?.startsWith('-'); words.shift()) {
    if (words[0] === '-r') isRaw = true;
    else if (words[0] === '-p') shell.streams.get(2)?.output?.write(words.splice(1, 1)[0] ?? '');
    else if (words[0] !== '--') throw new NotInterpretable(`read ${words[0]}`);
  }
  if (words.length === 0) throw new ShellError('read: arg count');
  const { chars, isEnded } = readLine(shell, isRaw);
  const values = splitInto(chars, words.length, valueOf(shell, 'IFS') ?? ' \t\n');
  for (const [index, name] of words.entries()) assign(shell, name, values[index] ?? '');
  return isEnded ? 0 : 1;
};

function readLine(shell: Shell, isRaw: boolean): { chars: Char[]; isEnded: boolean } {
  const chars: Char[] = [];
  for (;;) {
    const line = shell.streams.get(0)?.input?.line() ?? '';
    const isEnded = line.endsWith('\n');
    const text = Array.from(isEnded ? line.slice(0, -1) : line);
    let isContinued = false;
    for (let at = 0; at < text.length; at++) {
      const isEscape = !isRaw && text[at] === '\\';
      if (isEscape && at === text.length - 1) isContinued = isEnded;
      else if (isEscape) chars.push({ char: text[++at]!, isQuoted: true });
      else chars.push({ char: text[at]!, isQuoted: false });
    }
    if (!isContinued) return { chars, isEnded };
  }
}

/** The last variable gets all that is left, without the blanks at its end. */
function splitInto(chars: readonly Char[], count: number, separators: string): string[] {
  const isSeparator = (at: number): boolean =>
    at < chars.length && !chars[at]!.isQuoted && separators.includes(chars[at]!.char);
  const isBlank = (at: number): boolean => isSeparator(at) && /[ \t\n]/.test(chars[at]!.char);
  const skipBlanks = (from: number): number => {
    let at = from;
    while (isBlank(at)) at++;
    return at;
  };
  const textOf = (from: number, to: number): string =>
    chars
      .slice(from, to)
      .map(({ char }) => char)
      .join('');
  const endOfField = (from: number): number => {
    let at = from;
    while (at < chars.length && !isSeparator(at)) at++;
    return at;
  };
  const afterSeparator = (from: number): number => {
    const at = skipBlanks(from);
    return isSeparator(at) ? skipBlanks(at + 1) : at;
  };
  const values: string[] = [];
  let at = skipBlanks(0);
  while (values.length < count - 1 && at < chars.length) {
    const end = endOfField(at);
    values.push(textOf(at, end));
    at = afterSeparator(end);
  }
  if (at >= chars.length) return values;
  const end = endOfField(at);
  // One separator at the end belongs to the last field's end, not to its value.
  if (afterSeparator(end) >= chars.length) return [...values, textOf(at, end)];
  let last = chars.length;
  while (last > at && isBlank(last - 1)) last--;
  return [...values, textOf(at, last)];
}
