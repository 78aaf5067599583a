// Simple commands (POSIX XCU 2.9.1): words, redirections, assignments, and then a builtin, a function or a program.
import type { Assignment, Command, Word } from 'unbash';
import { SPECIAL } from './builtin.ts';
import { builtinNamed } from './builtins.ts';
import { callOf, invoke, runProgram } from './call.ts';
import { expandText, expandWords } from './expand.ts';
import { NotInterpretable } from './program.ts';
import { redirected, RedirectError } from './redirect.ts';
import {
  assign,
  complain,
  deeper,
  exported,
  Return,
  ShellError,
  withStreams,
  type Shell,
  type Variable,
} from './state.ts';
import type { Stream } from './streams.ts';

export function runCommand(shell: Shell, node: Command, isTested: boolean): number {
  shell.machine.step();
  shell.substituted = undefined;
  const argv = [...(node.name ? expandWords(shell, [node.name]) : []), ...argumentsOf(shell, node)];
  const assignments = node.prefix.filter((part) => part.type === 'Assignment');
  const [name] = argv;
  let streams: ReadonlyMap<number, Stream>;
  try {
    streams = redirected(shell, node.redirects);
  } catch (error) {
    if (!(error instanceof RedirectError)) throw error;
    if (name !== undefined && SPECIAL.has(name)) throw new ShellError(error.message);
    complain(shell, error.message);
    return shell.isBash ? 1 : 2;
  }
  trace(shell, argv);
  if (name === undefined) {
    for (const assignment of assignments) assignFrom(shell, assignment);
    return shell.substituted ?? 0;
  }
  if (name === 'exec' && argv.length === 1) {
    for (const assignment of assignments) assignFrom(shell, assignment);
    shell.streams = streams;
    return 0;
  }
  return withStreams(shell, streams, () => runWith(shell, argv, assignments, isTested));
}

const argumentsOf = (shell: Shell, { args }: Command): string[] =>
  args.flatMap((arg) => (arg.type === 'Assignment' ? [assignmentText(shell, arg)] : expandWords(shell, [arg])));

/** As an argument of `export` and its like. */
const assignmentText = (shell: Shell, { name, value }: Assignment): string =>
  `${name}=${expandText(shell, value as Word, true)}`;

function assignFrom(shell: Shell, { name, value }: Assignment, more: Partial<Variable> = {}): void {
  assign(shell, name, expandText(shell, value as Word, true), more);
}

function trace(shell: Shell, argv: readonly string[]): void {
  if (shell.flags.has('x')) shell.streams.get(2)?.output?.write(`+ ${argv.join(' ')}\n`);
}

function runWith(shell: Shell, argv: readonly string[], assignments: readonly Assignment[], isTested: boolean): number {
  if (SPECIAL.has(argv[0]!)) {
    if (shell.isBash && (assignments.length > 0 || shell.functions.has(argv[0]!)))
      throw new NotInterpretable(`${argv[0]} with an assignment, or as a function, in a script for bash`);
    for (const assignment of assignments) assignFrom(shell, assignment);
    return builtinNamed(shell, argv[0]!)!(shell, argv, isTested);
  }
  const before = assignments.map(({ name }) => [name, shell.variables.get(name)] as const);
  for (const assignment of assignments) assignFrom(shell, assignment, { isExported: true });
  try {
    return runNamed(shell, argv, isTested);
  } finally {
    for (const [name, variable] of before.reverse()) putBack(shell, name, variable);
  }
}

function putBack(shell: Shell, name: string, variable: Variable | undefined): void {
  if (variable) shell.variables.set(name, variable);
  else shell.variables.delete(name);
}

function runNamed(shell: Shell, argv: readonly string[], isTested: boolean): number {
  const name = argv[0]!;
  if (shell.functions.has(name)) return runFunction(shell, argv, isTested);
  const extra = shell.extras.get(name);
  if (extra) {
    const call = callOf(shell, argv);
    const set = (variable: string, value: string): void => assign(shell, variable, value);
    // Not spread: that would read standard input.
    return runProgram(() => extra(Object.create(call, { set: { value: set } })), call);
  }
  const builtin = builtinNamed(shell, name);
  if (!builtin) return invoke(shell, argv, exported(shell));
  try {
    return builtin(shell, argv, isTested);
  } catch (error) {
    if (!(error instanceof ShellError) || shell.isBash) throw error;
    complain(shell, error.message);
    return error.status;
  }
}

function runFunction(shell: Shell, argv: readonly string[], isTested: boolean): number {
  const body = shell.functions.get(argv[0]!)!;
  const { args, loops, depth } = shell;
  const saved = new Map<string, Variable | undefined>();
  shell.args = argv.slice(1);
  shell.loops = 0;
  shell.depth = deeper(depth);
  shell.saved.push(saved);
  try {
    return shell.machine.evaluate(shell, [body], isTested);
  } catch (error) {
    if (error instanceof Return) return error.status;
    throw error;
  } finally {
    shell.saved.pop();
    for (const [name, variable] of saved) putBack(shell, name, variable);
    Object.assign(shell, { args, loops, depth });
  }
}
