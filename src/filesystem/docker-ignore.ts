// `.dockerignore` as flytekit reads it: the pattern matcher of docker-py (docker/utils/build.py and fnmatch.py), to its last oddity, since
// what it lets pass is what a tag stands for. Packages for Docker's syntax were tried and differ; docs/decisions/0013 tells where.
import { ImageSpecError } from '../core/error.ts';

/** Whether a path, relative and with `/`, is left out. */
export type Ignores = (path: string) => boolean;

interface Pattern {
  readonly takesBack: boolean;
  /** How many names the pattern has. */
  readonly depth: number;
  readonly matches: RegExp;
}

/** What Python's `str.strip` takes away: JavaScript's `trim`, but not the byte order mark, and four separators and NEL. */
const isSpace = (char: string): boolean =>
  (char !== '\ufeff' && char.trim() === '') || char === '\u0085' || (char >= '\u001c' && char <= '\u001f');

function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charAt(start))) start++;
  while (end > start && isSpace(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/**
 * The rules of a `.dockerignore`: the last pattern that matches decides, `!` takes back, letters match in either case. A pattern of n names
 * also matches what lies below a folder that it matches, when that folder is n names deep (`**` counts as a name). The file itself is never
 * left out.
 * Throws `COPY_INVALID` for a pattern that cannot be understood.
 * @param text of the file
 * @param file its path, for messages
 */
export function dockerIgnore(text: string, file: string): Ignores {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => !line.startsWith('#'));
  const patterns = [...lines.map(strip), '!.dockerignore'].flatMap((line) => toPattern(line, file) ?? []);
  return (path) => {
    const parents = namesOf(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    let ignored = false;
    for (const { takesBack, depth, matches } of patterns) {
      // Only what would change the answer has to be looked at.
      if (ignored !== takesBack) continue;
      const isBelow = (): boolean =>
        depth <= parents.length && matches.test(parents.slice(0, depth).join('/').toLowerCase());
      if (matches.test(path.toLowerCase()) || isBelow()) ignored = !takesBack;
    }
    return ignored;
  };
}

const namesOf = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');

function toPattern(line: string, file: string): Pattern | undefined {
  const takesBack = line.startsWith('!');
  const names: string[] = [];
  for (const name of namesOf(strip(takesBack ? line.slice(1) : line))) {
    if (name === '..') names.pop();
    else names.push(name);
  }
  if (names.length === 0) return undefined;
  const glob = names.join('/');
  try {
    return { takesBack, depth: names.length, matches: new RegExp(toRegExp(glob.toLowerCase()), 'u') };
  } catch (cause) {
    throw new ImageSpecError('COPY_INVALID', `${file} has a pattern that cannot be understood: "${glob}"`, {
      hint: 'The letters of a range, as in [a-z], stand in their order.',
      cause,
      facts: { file },
    });
  }
}

/** There is no way to quote: a backslash is a letter. Python's `$` also matches in front of a last line feed. */
function toRegExp(glob: string): string {
  const chars = Array.from(glob);
  let source = '';
  for (let i = 0; i < chars.length;) {
    const char = chars[i++]!;
    if (char === '*' && chars[i] === '*') {
      i += chars[i + 1] === '/' ? 2 : 1;
      source += i >= chars.length ? '[^\\n]*' : '(?:[^\\n]*/)?';
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = endOfSet(chars, i);
      source += end === undefined ? '\\[' : setOf(chars.slice(i, end));
      i = end === undefined ? i : end + 1;
    } else source += quote(char);
  }
  return `^${source}\\n?$`;
}

/** Of the bracket that closes a set; the first letter of a set may be a bracket itself. */
function endOfSet(chars: readonly string[], start: number): number | undefined {
  let at = start;
  if (chars[at] === '!') at++;
  if (chars[at] === ']') at++;
  const end = chars.indexOf(']', at);
  return end < 0 ? undefined : end;
}

function setOf(chars: readonly string[]): string {
  const isNegated = chars[0] === '!';
  const letters = isNegated ? chars.slice(1) : chars;
  return `[${isNegated ? '^' : ''}${letters.map((char) => (char === '-' ? char : quote(char))).join('')}]`;
}

const quote = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');
