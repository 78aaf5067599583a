// Parameters and their expansions (POSIX XCU 2.5, 2.6.2).
import type { ParameterExpansionPart, ParameterOperation, Word } from 'unbash';
import type { Segment } from './fields.ts';
import { cutMatch, textOf, type Piece } from './pattern.ts';
import { NotInterpretable } from './program.ts';
import { assign, ShellError, valueOf, type Flag, type Shell } from './state.ts';
import { toByteString } from './text.ts';

/** How the word behind an operator is expanded. */
interface Operand {
  readonly segmentsOf: (shell: Shell, word: Word, isQuoted: boolean) => Segment[];
  readonly patternOf: (shell: Shell, word: Word) => Piece[];
}

/** The order in which dash prints `$-`. */
const FLAG_ORDER: readonly Flag[] = ['u', 'a', 'C', 'v', 'x', 'n', 'f', 'e'];

/** A process has a number; a script here has none, and this stands for it wherever `$$` becomes part of a name. */
const PROCESS_ID = '2';

function parameterOf(shell: Shell, name: string): string | undefined {
  if (/^[0-9]+$/.test(name)) return name === '0' ? shell.name : shell.args[Number(name) - 1];
  switch (name) {
    case '?':
      return String(shell.status);
    case '#':
      return String(shell.args.length);
    case '$':
      return PROCESS_ID;
    case '!':
      return shell.hasBackground ? PROCESS_ID : undefined;
    case '-':
      if (shell.isBash) throw new NotInterpretable('$- in a script for bash');
      return FLAG_ORDER.filter((flag) => shell.flags.has(flag)).join('');
    case 'LINENO':
      throw new NotInterpretable('$LINENO');
    default:
      return valueOf(shell, name);
  }
}

/** `$name`: `$@` and `$*` with their breaks. */
export function listSegments(shell: Shell, name: string, isQuoted: boolean): Segment[] {
  if (name !== '@' && name !== '*') return [{ text: required(shell, name), isQuoted, isSplit: !isQuoted }];
  if (name === '*' && isQuoted) return [{ text: allArguments(shell), isQuoted, isSplit: false }];
  return shell.args.flatMap((text, index): Segment[] => {
    const segment = { text, isQuoted, isSplit: !isQuoted };
    return index > 0 ? ['break', segment] : [segment];
  });
}

const allArguments = (shell: Shell): string => shell.args.join((valueOf(shell, 'IFS') ?? ' ').slice(0, 1));

function required(shell: Shell, name: string): string {
  const value = parameterOf(shell, name);
  if (value === undefined && shell.flags.has('u')) throw new ShellError(`${name}: parameter not set`);
  return value ?? '';
}

export function expandParameter(
  shell: Shell,
  part: ParameterExpansionPart,
  isQuoted: boolean,
  operand: Operand,
): Segment[] {
  const { parameter, prefix, operation } = part;
  const isList = parameter === '@' || parameter === '*';
  const one = (text: string): Segment[] => [{ text, isQuoted, isSplit: !isQuoted }];
  if (prefix === '#') {
    if (isList || operation) throw new NotInterpretable(part.text);
    return one(String(toByteString(required(shell, parameter)).length));
  }
  if (!operation) return listSegments(shell, parameter, isQuoted);
  if (operation.type === 'Remove') {
    if (isList) throw new NotInterpretable(part.text);
    return one(cutMatch(required(shell, parameter), operation.operator, operand.patternOf(shell, operation.operand)));
  }
  if (operation.type !== 'Default') throw new NotInterpretable(part.text);
  const value = isList ? allArguments(shell) : parameterOf(shell, parameter);
  const present = (): Segment[] => listSegments(shell, parameter, isQuoted);
  return withDefault(shell, { parameter, operation, value, present, isQuoted, operand });
}

interface Defaulted {
  readonly parameter: string;
  readonly operation: Extract<ParameterOperation, { type: 'Default' }>;
  readonly value: string | undefined;
  readonly present: () => Segment[];
  readonly isQuoted: boolean;
  readonly operand: Operand;
}

function withDefault(shell: Shell, { parameter, operation, value, present, isQuoted, operand }: Defaulted): Segment[] {
  const { operator } = operation;
  const isMissing = value === undefined || (operator.startsWith(':') && value === '');
  const word = (): Segment[] => operand.segmentsOf(shell, operation.operand, isQuoted);
  const text = (): string => textOf(word().map((segment) => (segment === 'break' ? { text: ' ', isQuoted } : segment)));
  switch (operator.at(-1)!) {
    case '+':
      return isMissing ? [] : word();
    case '-':
      return isMissing ? word() : present();
    case '=': {
      if (!isMissing) return present();
      if (!/^[A-Za-z_]/.test(parameter)) throw new ShellError(`${parameter}: bad variable name`);
      const given = text();
      assign(shell, parameter, given);
      return [{ text: given, isQuoted, isSplit: !isQuoted }];
    }
    default: {
      if (!isMissing) return present();
      const unset = operator === '?' ? 'parameter not set' : 'parameter not set or null';
      throw new ShellError(`${parameter}: ${text() || unset}`);
    }
  }
}
