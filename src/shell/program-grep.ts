// `grep`, `egrep`, `fgrep`.
import { lookAt } from './files.ts';
import { parseOptions, type Options } from './options.ts';
import { escape } from './pattern.ts';
import type { Call, Program } from './program.ts';
import { NotInterpretable } from './program.ts';
import { compileRegex } from './regex.ts';
import { fromByteString, linesOf, toByteString } from './text.ts';
import { at, fail, quiet, readSources, type Source } from './utility.ts';

const LONG = {
  quiet: 'q',
  silent: 'q',
  'invert-match': 'v',
  'ignore-case': 'i',
  'extended-regexp': 'E',
  'fixed-strings': 'F',
  'basic-regexp': 'G',
  'line-regexp': 'x',
  'word-regexp': 'w',
  'no-messages': 's',
  count: 'c',
  'files-with-matches': 'l',
  'files-without-match': 'L',
  'only-matching': 'o',
  'no-filename': 'h',
  'with-filename': 'H',
  'line-number': 'n',
  regexp: 'e',
  'max-count': 'm',
};

export const grep: Program = (call) => run(call, undefined);
export const egrep: Program = (call) => run(call, 'E');
export const fgrep: Program = (call) => run(call, 'F');

function run(call: Call, kind: 'E' | 'F' | undefined): number {
  const options = parseOptions(call, { flags: 'qviEFGxwscloLhHna', values: 'em', long: LONG });
  const { has, all } = options;
  const given = has('e') ? [...all('e')] : [options.operands[0] ?? ''];
  const paths = has('e') ? options.operands : options.operands.slice(1);
  if (!has('e') && options.operands.length === 0) return fail(call, 'no pattern', 2);
  const expressions = given.flatMap((text) => text.split('\n')).map((text) => expressionOf(text, options, kind));
  const folders = paths.filter((path) => lookAt(call.tree, at(call, path))?.type === 'directory');
  for (const path of folders) if (!has('s')) fail(call, `${path}: Is a directory`);
  const files = paths.filter((path) => !folders.includes(path));
  const reader: Call = has('s') ? quiet(call) : call;
  const { sources, isComplete } =
    paths.length > 0 && files.length === 0 ? { sources: [], isComplete: true } : readSources(reader, files);
  const named = (has('H') || paths.length > 1) && !has('h');
  const found = sources.map((source) => search(call, source, expressions, options, named)).some(Boolean);
  if (found && has('q')) return 0;
  if (!isComplete || folders.length > 0) return 2;
  return found ? 0 : 1;
}

function expressionOf(text: string, { has }: Options, kind: 'E' | 'F' | undefined): RegExp {
  const isFixed = has('F') || (kind === 'F' && !has('E') && !has('G'));
  const isExtended = has('E') || (kind === 'E' && !has('G'));
  const ignoresCase = has('i');
  if (ignoresCase && toByteString(text) !== text) throw new NotInterpretable('grep -i beyond ASCII');
  const needsExtent = has('o') || has('w');
  const source = isFixed
    ? Array.from(toByteString(text), escape).join('')
    : compileRegex(text, { isExtended, needsExtent }).source;
  // RegExp writes the empty pattern in its own way.
  const inner = source === '(?:)' ? '' : source;
  if (has('w') && inner === '') throw new NotInterpretable('grep -w with an empty pattern');
  const worded = has('w') ? `(?<!\\w)(?:${inner})(?!\\w)` : inner;
  return new RegExp(has('x') ? `^(?:${inner})$` : worded, ignoresCase ? 'gi' : 'g');
}

function search(
  call: Call,
  { name, text }: Source,
  expressions: readonly RegExp[],
  { has, value }: Options,
  named: boolean,
): boolean {
  const prefix = named ? `${name === '-' ? '(standard input)' : name}:` : '';
  if (text.includes('\0')) throw new NotInterpretable(`grep in ${name}, which has bytes that are no text`);
  const limit = value('m') === undefined ? Infinity : Number(value('m'));
  let count = 0;
  for (const [index, line] of linesOf(text).entries()) {
    if (count >= limit) break;
    const bytes = toByteString(line);
    const isMatch = expressions.some((expression) => bytes.search(expression) >= 0);
    if (isMatch === has('v')) continue;
    count++;
    if (has('q') || has('l') || has('L')) break;
    if (has('c')) continue;
    const start = `${prefix}${has('n') ? `${index + 1}:` : ''}`;
    if (!has('o')) call.stdout(`${start}${line}\n`);
    else if (!has('v'))
      for (const match of matchesIn(bytes, expressions)) call.stdout(`${start}${fromByteString(match)}\n`);
  }
  if (has('c') && !has('q')) call.stdout(`${prefix}${count}\n`);
  if ((has('l') && count > 0) || (has('L') && count === 0)) call.stdout(`${name}\n`);
  return count > 0;
}

function matchesIn(bytes: string, expressions: readonly RegExp[]): string[] {
  if (expressions.length > 1) throw new NotInterpretable('grep -o with several patterns');
  return [...bytes.matchAll(expressions[0]!)].map(([match]) => match).filter((match) => match !== '');
}
