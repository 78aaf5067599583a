// Words of a script as their values (POSIX XCU 2.6): tilde, parameters, commands, arithmetic; then fields and paths.
import type { Word, WordPart } from 'unbash';
import { parse } from 'unbash';
import { ArithmeticError, evaluateArithmetic } from './arithmetic.ts';
import { expandPathname, literal, splitFields, type Segment } from './fields.ts';
import { readText } from './files.ts';
import { expandParameter, listSegments } from './parameter.ts';
import { textOf, type Piece } from './pattern.ts';
import { NotInterpretable } from './program.ts';
import { assign, ShellError, valueOf, type Shell } from './state.ts';
import { capture } from './subshell.ts';

/** Words as arguments of a command. */
export const expandWords = (shell: Shell, words: readonly Word[]): string[] =>
  words.flatMap((word) => expandFields(shell, word));

function expandFields(shell: Shell, word: Word): string[] {
  if (!word.parts && !word.text.startsWith('~')) return [word.value];
  const fields = splitFields(segmentsOf(shell, word, false), valueOf(shell, 'IFS') ?? ' \t\n');
  if (shell.flags.has('f')) return fields.map(textOf);
  // Bash 5.2 leaves `.` and `..` out, older ones do not.
  if (shell.isBash && fields.some((pieces) => /(?:^|\/)\.[^/]*[*?[]/.test(wildcardsOf(pieces))))
    throw new NotInterpretable(`the pattern ${word.text} in a script for bash`);
  return fields.flatMap((pieces) => expandPathname(shell.machine.tree, shell.cwd, pieces));
}

/** The text without wildcards that are quoted. */
const wildcardsOf = (pieces: readonly Piece[]): string =>
  pieces.map(({ text, isQuoted }) => (isQuoted ? text.replace(/[*?[]/g, '_') : text)).join('');

/** A word as one value: of an assignment, a redirection or a `case`. */
export function expandText(shell: Shell, word: Word, isAssignment = false): string {
  if (!word.parts && !word.text.includes('~')) return word.value;
  return joined(shell, segmentsOf(shell, word, false, isAssignment));
}

/** A word as a pattern. */
export const expandPattern = (shell: Shell, word: Word): Piece[] =>
  withoutBreaks(shell, segmentsOf(shell, word, false));

/** The body of a here-document, or an arithmetic expression: as between double quotes. */
export const expandQuoted = (shell: Shell, parts: readonly WordPart[]): string =>
  joined(
    shell,
    parts.flatMap((part) => expandPart(shell, part, true)),
  );

const joined = (shell: Shell, segments: readonly Segment[]): string => textOf(withoutBreaks(shell, segments));

/** Where no fields are made, elements of `$@` are joined as those of `$*` are. */
function withoutBreaks(shell: Shell, segments: readonly Segment[]): Piece[] {
  const separator = (valueOf(shell, 'IFS') ?? ' ').slice(0, 1);
  return segments.map((segment) => (segment === 'break' ? { text: separator, isQuoted: true } : segment));
}

function segmentsOf(shell: Shell, word: Word, isQuoted: boolean, isAssignment = false): Segment[] {
  const parts = word.parts ?? [literalOf(word)];
  return parts.flatMap((part, index): Segment[] => {
    if (part.type !== 'Literal' || isQuoted) return expandPart(shell, part, isQuoted);
    const isWhole = index === parts.length - 1;
    const isFirst = index === 0 && part.text.startsWith('~');
    if (!isFirst && !(isAssignment && part.text.includes(':~'))) return expandPart(shell, part, isQuoted);
    return [
      literal(
        expandTilde(shell, part.text === part.value ? part.value : refuseTilde(word), isAssignment, isFirst, isWhole),
      ),
    ];
  });
}

const literalOf = ({ text, value, pos, end }: Word): WordPart => ({ type: 'Literal', text, value, pos, end });

function refuseTilde({ text }: Word): never {
  throw new NotInterpretable(`~ beside a backslash: ${text}`);
}

/** `~`, `~user`, and in an assignment also those after a colon. */
function expandTilde(shell: Shell, text: string, isAssignment: boolean, isFirst = true, isWhole = true): string {
  const pieces = isAssignment ? text.split(':') : [text];
  return pieces
    .map((piece, index) => {
      if (!piece.startsWith('~') || (index === 0 && !isFirst)) return piece;
      const [prefix = '', name = ''] = /^~([^/]*)/.exec(piece) ?? [];
      const isEnded = prefix.length < piece.length || index < pieces.length - 1 || isWhole;
      const home = isEnded ? homeOf(shell, name) : undefined;
      return home === undefined ? piece : `${home}${piece.slice(prefix.length)}`;
    })
    .join(':');
}

function homeOf(shell: Shell, name: string): string | undefined {
  if (name === '') return valueOf(shell, 'HOME');
  if (!/^[A-Za-z0-9_.-]+$/.test(name) || !shell.machine.tree.get('etc/passwd')) return undefined;
  const lines = readText(shell.machine.tree, '/etc/passwd').split('\n');
  return lines.find((line) => line.startsWith(`${name}:`))?.split(':')[5];
}

function expandPart(shell: Shell, part: WordPart, isQuoted: boolean): Segment[] {
  switch (part.type) {
    case 'Literal':
      return part.value === '' && !isQuoted ? [] : [literal(part.value)];
    case 'SingleQuoted':
      return [literal(part.value)];
    case 'BraceExpansion':
      return [literal(part.text)];
    case 'Glob':
      return globSegments(shell, part);
    case 'DoubleQuoted':
      return expandDoubleQuoted(shell, part.parts);
    case 'SimpleExpansion':
      return listSegments(shell, part.text.slice(1), isQuoted);
    case 'ParameterExpansion':
      return expandParameter(shell, part, isQuoted, { segmentsOf: operandSegments, patternOf: expandPattern });
    case 'CommandExpansion':
      return [{ text: part.script ? capture(shell, part.script) : '', isQuoted, isSplit: !isQuoted }];
    case 'ArithmeticExpansion':
      return [{ text: expandArithmetic(shell, part.text), isQuoted, isSplit: !isQuoted }];
    case 'AnsiCQuoted':
    case 'LocaleString':
    case 'ProcessSubstitution':
    case 'ExtendedGlob':
      throw new NotInterpretable(part.text);
  }
}

/** `"$@"` of nothing is nothing, while `""` is an empty field. */
function expandDoubleQuoted(shell: Shell, parts: readonly WordPart[]): Segment[] {
  const segments = parts.flatMap((part) => expandPart(shell, part, true));
  const isList = parts.some((part) => /^\$(?:@|\{@\})$/.test(part.text));
  return segments.length === 0 && !isList ? [literal('')] : segments;
}

/** A word behind `:-` and its like: what stands bare in it is split when the whole is. */
function operandSegments(shell: Shell, word: Word, isQuoted: boolean): Segment[] {
  if (isQuoted) return segmentsOf(shell, word, true);
  const parts = word.parts ?? [literalOf(word)];
  return parts.flatMap((part, index): Segment[] => {
    if (part.type !== 'Literal' || (index === 0 && part.text.startsWith('~')))
      return segmentsOf(shell, { ...word, parts: [part] }, false);
    if (part.value === '') return [];
    return [{ text: part.value, isQuoted: part.text !== part.value, isSplit: part.text === part.value }];
  });
}

function globSegments(shell: Shell, part: Extract<WordPart, { type: 'Glob' }>): Segment[] {
  const plain = (text: string): Segment => ({ text, isQuoted: false, isSplit: false });
  if (part.kind !== 'bracket') return [plain(part.text)];
  const inside = part.parts.flatMap((inner): Segment[] =>
    inner.type === 'Literal' ? unquoted(inner.text, plain) : expandPart(shell, inner, false),
  );
  return [plain('['), ...inside, plain(']')];
}

/** Text with backslashes, as it stands between brackets. */
const unquoted = (text: string, plain: (text: string) => Segment): Segment[] =>
  [...text.matchAll(/\\([^])|[^\\]+/g)].map(([all, quoted]) => (quoted === undefined ? plain(all) : literal(quoted)));

function expandArithmetic(shell: Shell, text: string): string {
  const { commands, errors } = parse(`: "${text.slice(3, -2)}"`);
  const [command] = commands;
  const words = command?.command.type === 'Command' ? command.command.args : [];
  const part = words[0]?.type === 'Word' ? words[0].parts?.[0] : undefined;
  if (errors?.length || commands.length !== 1 || words.length !== 1 || part?.type !== 'DoubleQuoted') {
    throw new NotInterpretable(`the arithmetic expression ${text}`);
  }
  const get = (name: string): string => {
    const value = valueOf(shell, name);
    if (value === undefined && shell.flags.has('u')) throw new ShellError(`${name}: parameter not set`);
    return value ?? '';
  };
  try {
    return evaluateArithmetic(expandQuoted(shell, part.parts), {
      get,
      set: (name, value) => assign(shell, name, value),
    });
  } catch (error) {
    if (error instanceof ArithmeticError) throw new ShellError(error.message);
    throw error;
  }
}
