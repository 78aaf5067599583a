// Patterns of the shell (POSIX XCU 2.14) as regular expressions over bytes, the way dash matches them in the C locale.
import { NotInterpretable } from './program.ts';
import { fromByteString, toByteString } from './text.ts';

/** Text that came from a word: what is quoted in it stands for itself. */
export interface Piece {
  readonly text: string;
  readonly isQuoted: boolean;
}

export const hasWildcard = (pieces: readonly Piece[]): boolean =>
  pieces.some(({ text, isQuoted }) => !isQuoted && /[*?[]/.test(text));

export const textOf = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join('');

interface Char {
  readonly char: string;
  readonly isQuoted: boolean;
}

/** Source of a regular expression, without anchors, for strings of bytes. */
function patternSource(pieces: readonly Piece[], star = '[^]*'): string {
  const chars = charsOf(pieces);
  let source = '';
  for (let at = 0; at < chars.length; at++) {
    const { char, isQuoted } = chars[at]!;
    if (isQuoted) source += escape(char);
    else if (char === '*') source += star;
    else if (char === '?') source += '[^]';
    else if (char === '[') {
      const bracket = readBracket(chars, at);
      source += bracket ? bracket.source : '\\[';
      if (bracket) at = bracket.end;
    } else source += escape(char);
  }
  return source;
}

export function matches(text: string, pieces: readonly Piece[]): boolean {
  if (!hasWildcard(pieces) && !pieces.some(({ text }) => text.includes('\\'))) return text === textOf(pieces);
  return new RegExp(`^(?:${patternSource(pieces)})$`).test(toByteString(text));
}

/**
 * `${x#p}`, `${x##p}`, `${x%p}`, `${x%%p}`. Stars that take as little as they can find the shortest prefix, greedy ones the longest: without
 * alternatives the first match is the extreme one.
 */
export function cutMatch(text: string, operator: '#' | '##' | '%' | '%%', pieces: readonly Piece[]): string {
  const bytes = toByteString(text);
  const source = patternSource(pieces, operator === '#' ? '[^]*?' : '[^]*');
  if (operator.startsWith('#')) {
    const cut = new RegExp(`^(?:${source})`).exec(bytes)?.[0] ?? '';
    return fromByteString(bytes.slice(cut.length));
  }
  const kept = new RegExp(`^(${operator === '%' ? '[^]*' : '[^]*?'})(?:${source})$`).exec(bytes)?.[1] ?? bytes;
  return fromByteString(kept);
}

/** A backslash in text that is not quoted, as an expansion may bring one, quotes what follows it. */
function charsOf(pieces: readonly Piece[]): Char[] {
  const chars: Char[] = [];
  let isEscaped = false;
  for (const { text, isQuoted } of pieces) {
    for (const char of toByteString(text)) {
      if (char === '\\' && !isQuoted && !isEscaped) isEscaped = true;
      else {
        chars.push({ char, isQuoted: isQuoted || isEscaped });
        isEscaped = false;
      }
    }
  }
  if (isEscaped) chars.push({ char: '\\', isQuoted: true });
  return chars;
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: ' \\t\\n\\v\\f\\r',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

/** Members of a class of POSIX, as the inside of a bracket of a regular expression. */
export function classMembers(name: string): string {
  const members = CLASSES[name];
  if (members === undefined) throw new NotInterpretable(`the character class [:${name}:]`);
  return members;
}

/** Undefined where no bracket closes it: then it stands for itself. */
function readBracket(chars: readonly Char[], start: number): { source: string; end: number } | undefined {
  let at = start + 1;
  const isNegated = isPlain(chars[at], '!') || isPlain(chars[at], '^');
  if (isNegated) at++;
  const first = at;
  let members = '';
  for (; at < chars.length; at++) {
    const { char, isQuoted } = chars[at]!;
    if (char === ']' && !isQuoted && at > first) {
      return { source: isNegated ? `[^${members}]` : `[${members}]`, end: at };
    }
    if (char === '[' && !isQuoted && isPlain(chars[at + 1], ':')) {
      const rest = chars.slice(at + 2).map(({ char }) => char);
      const name = /^[a-z]+(?=:\])/.exec(rest.join(''))?.[0];
      if (name === undefined) throw new NotInterpretable('a pattern with [: and no class');
      members += classMembers(name);
      at += name.length + 3;
    } else if (char === '[' && !isQuoted && (isPlain(chars[at + 1], '.') || isPlain(chars[at + 1], '='))) {
      throw new NotInterpretable('a pattern with [. or [=');
    } else if (char === '-' && !isQuoted && at > first && !isPlain(chars[at + 1], ']')) members += '-';
    else members += escape(char);
  }
  return undefined;
}

const isPlain = (char: Char | undefined, wanted: string): boolean => char?.char === wanted && !char.isQuoted;

/** A character that stands for itself, inside and outside of brackets. */
export const escape = (char: string): string => (/[A-Za-z0-9_\s]/.test(char) ? char : `\\x${hex(char)}`);

const hex = (char: string): string => char.charCodeAt(0).toString(16).padStart(2, '0');
