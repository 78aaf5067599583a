// dash's `echo`: backslashes are read (XSI), and -n is the one option.
import type { Program } from './program.ts';
import { fromByteString, toByteString } from './text.ts';

export const echo: Program = (call) => {
  const words = call.argv.slice(1);
  const isBare = words[0] === '-n';
  if (isBare) words.shift();
  const { text, isCut } = unescape(words.join(' '), '0');
  call.stdout(isBare || isCut ? text : `${text}\n`);
  return 0;
};

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** Escapes of `echo` and `%b` (`\0` and up to three digits) or, with `octalPrefix` '', of a format of `printf`. `\c` ends all output. */
export function unescape(given: string, octalPrefix: '0' | ''): { readonly text: string; readonly isCut: boolean } {
  if (!given.includes('\\')) return { text: given, isCut: false };
  const pattern = octalPrefix === '0' ? /\\(?:0([0-7]{0,3})|([1-7][0-7]{0,2})|([^]))/g : /\\(?:([0-7]{1,3})()|([^]))/g;
  let isCut = false;
  const bytes = toByteString(given);
  const end = octalPrefix === '0' ? /(?:^|[^\\])(?:\\\\)*\\c/.exec(bytes) : null;
  const kept = end ? bytes.slice(0, end.index + end[0].length - 2) : bytes;
  if (end) isCut = true;
  const text = kept.replace(pattern, (all, octal: string | undefined, plain: string | undefined, char: string) => {
    const digits = octal ?? (plain === '' ? undefined : plain);
    if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits || '0', 8) & 0xff);
    return SIMPLE[char] ?? all;
  });
  return { text: fromByteString(text), isCut };
}
