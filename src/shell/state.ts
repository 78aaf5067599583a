// The state of one shell: what a subshell gets a copy of, and what all shells of one script share.
import type { Statement } from 'unbash';
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { isOfBash } from './bash-variables.ts';
import { NotInterpretable, type Builtin, type Programs } from './program.ts';
import type { Stream } from './streams.ts';

export interface Variable {
  readonly value: string | undefined;
  readonly isExported: boolean;
  readonly isReadonly: boolean;
}

/** Options of `set`, by letter. */
export type Flag = 'a' | 'C' | 'e' | 'f' | 'n' | 'u' | 'v' | 'x';

/** Shared by a shell, its subshells and the scripts that they start. */
export interface Machine {
  readonly tree: WritableTree;
  readonly programs: Programs;
  readonly assumed: ReadonlySet<string>;
  readonly modules: ReadonlyMap<string, ReadonlyMap<string, Builtin>>;
  /** Counts a command, refusing too many. */
  readonly step: () => void;
  /** Counts characters that something prints, refusing too many. */
  readonly count: (text: string) => void;
  /** The evaluator, given in so that expansions can run commands without importing it. */
  readonly evaluate: Evaluate;
}

type Evaluate = (shell: Shell, statements: readonly Statement[], isTested: boolean) => number;

export interface Shell {
  readonly machine: Machine;
  /** Where bash differs from dash, it is bash's meaning or none. */
  readonly isBash: boolean;
  readonly name: string;
  args: readonly string[];
  readonly variables: Map<string, Variable>;
  readonly functions: Map<string, Statement>;
  /** Commands of sourced modules. */
  readonly extras: Map<string, Builtin>;
  readonly flags: Set<Flag>;
  cwd: string;
  umask: number;
  streams: ReadonlyMap<number, Stream>;
  readonly traps: Map<string, string>;
  /** `$?`. */
  status: number;
  /** Of the last command substitution of the command under way. */
  substituted: number | undefined;
  /** What `local` must put back, innermost function last. */
  readonly saved: Map<string, Variable | undefined>[];
  loops: number;
  /** Functions, sourced files, substitutions and subshells within one another. */
  depth: number;
  hasBackground: boolean;
  /** Place within a group of letters, of `getopts`. */
  optionOffset: number;
}

/** Deeper than any script that ends: our own stack holds a few thousand frames of its interpreter. */
const DEPTH_LIMIT = 150;

/** A subshell. Traps are not inherited (POSIX 2.12), open files are. */
export function fork(shell: Shell): Shell {
  return {
    ...shell,
    variables: new Map(shell.variables),
    functions: new Map(shell.functions),
    extras: new Map(shell.extras),
    flags: new Set(shell.flags),
    traps: new Map([...shell.traps].filter(([, action]) => action === '')),
    saved: shell.saved.map((saved) => new Map(saved)),
    depth: deeper(shell.depth),
  };
}

export function deeper(depth: number): number {
  if (depth >= DEPTH_LIMIT) throw new NotInterpretable(`more than ${DEPTH_LIMIT} levels of functions and subshells`);
  return depth + 1;
}

/** An error after which a shell that is not interactive ends with this status (POSIX XCU 2.8.1). */
export class ShellError extends Error {
  override readonly name = 'ShellError';
  readonly status: number;
  constructor(message: string, status = 2) {
    super(message);
    this.status = status;
  }
}

/** Ends the shell. */
export class Exit extends Error {
  readonly status: number;
  constructor(status: number) {
    super('exit');
    this.status = status;
  }
}

/** Leaves a function or sourced file. */
export class Return extends Error {
  readonly status: number;
  constructor(status: number) {
    super('return');
    this.status = status;
  }
}

/** `break` and `continue`. */
export class Jump extends Error {
  readonly kind: 'break' | 'continue';
  readonly levels: number;
  constructor(kind: 'break' | 'continue', levels: number) {
    super(kind);
    this.kind = kind;
    this.levels = levels;
  }
}

export function valueOf(shell: Shell, name: string): string | undefined {
  refuseOwn(shell, name);
  return shell.variables.get(name)?.value;
}

function refuseOwn(shell: Shell, name: string): void {
  if (shell.isBash && isOfBash(name)) throw new NotInterpretable(`the variable ${name} in a script for bash`);
}

/** Throws `ShellError` for one that is readonly. */
export function assign(shell: Shell, name: string, value: string, more: Partial<Variable> = {}): void {
  refuseOwn(shell, name);
  const before = shell.variables.get(name);
  if (before?.isReadonly) throw new ShellError(`${name}: is read only`);
  const isExported = shell.flags.has('a') || (before?.isExported ?? false);
  shell.variables.set(name, { isExported, isReadonly: false, ...more, value });
  if (name === 'OPTIND') shell.optionOffset = 0;
}

/** What programs get. */
export function exported(shell: Shell): Map<string, string> {
  const env = new Map<string, string>();
  for (const [name, { value, isExported }] of shell.variables)
    if (isExported && value !== undefined) env.set(name, value);
  return env;
}

export function print(shell: Shell, text: string, descriptor = 1): void {
  const output = shell.streams.get(descriptor)?.output;
  if (!output) throw new ShellError(`${descriptor}: Bad file descriptor`);
  shell.machine.count(text);
  output.write(text);
}

/** To standard error, as dash names itself. Dropped where that is closed. */
export function complain(shell: Shell, message: string): void {
  shell.streams.get(2)?.output?.write(`${shell.name}: ${message}\n`);
}

/** Runs with other streams and puts the old ones back. */
export function withStreams<T>(shell: Shell, streams: ReadonlyMap<number, Stream>, act: () => T): T {
  const before = shell.streams;
  shell.streams = streams;
  try {
    return act();
  } finally {
    shell.streams = before;
  }
}
