// The evaluator: walks the tree of a script as dash's evaltree() does, `set -e` included.
import type { AndOr, Case, CommandNode, CompoundList, For, If, Pipeline, PipelineNode } from 'unbash';
import type { Function as FunctionNode, Redirected, Statement, While } from 'unbash';
import { runCommand } from './command.ts';
import { expandPattern, expandText, expandWords } from './expand.ts';
import { matches } from './pattern.ts';
import { NotInterpretable } from './program.ts';
import { redirected, RedirectError } from './redirect.ts';
import { assign, complain, Exit, Jump, withStreams, type Shell } from './state.ts';
import type { Stream } from './streams.ts';
import { nullStream, textInput, textOutput } from './streams.ts';
import { runSubshell } from './subshell.ts';

/** `isTested`: the status is that of a condition, so that `set -e` does not end the shell. Returns `$?`. */
export function evaluate(shell: Shell, statements: readonly Statement[], isTested: boolean): number {
  if (statements.length === 0) shell.status = 0;
  for (const { command, background } of statements) {
    if (background === true) inBackground(shell, command);
    else evaluateNode(shell, command, isTested);
  }
  return shell.status;
}

/** `command &` runs at once: nothing here takes time. Its input is empty. */
function inBackground(shell: Shell, command: PipelineNode | AndOr): void {
  runSubshell(shell, (child) => {
    child.streams = new Map(shell.streams).set(0, nullStream());
    return evaluateNode(child, command, false);
  });
  shell.hasBackground = true;
  shell.status = 0;
}

function evaluateNode(shell: Shell, node: PipelineNode | AndOr | CompoundList, isTested: boolean): number {
  shell.status = statusOf(shell, node, isTested);
  return shell.status;
}

/** Those that `set -e` looks at; lists, loops and conditions have had it looked at within. */
function checked(shell: Shell, status: number, isTested: boolean): number {
  shell.status = status;
  if (status !== 0 && !isTested && shell.flags.has('e')) throw new Exit(status);
  return status;
}

function statusOf(shell: Shell, node: PipelineNode | AndOr | CompoundList, isTested: boolean): number {
  switch (node.type) {
    case 'Command':
      return checked(shell, runCommand(shell, node, isTested), isTested);
    case 'Pipeline':
      return runPipeline(shell, node, isTested);
    case 'AndOr':
      return runAndOr(shell, node, isTested);
    case 'Redirected':
      return runRedirected(shell, node, isTested);
    case 'Function':
      return define(shell, node);
    case 'CompoundList':
      return evaluate(shell, node.commands, isTested);
    case 'BraceGroup':
      return evaluate(shell, node.body.commands, isTested);
    case 'Subshell': {
      const status = runSubshell(shell, (child) => evaluate(child, node.body.commands, isTested));
      return checked(shell, status, isTested);
    }
    case 'If':
      return runIf(shell, node, isTested);
    case 'While':
      return runWhile(shell, node, isTested);
    case 'For':
      return runFor(shell, node, isTested);
    case 'Case':
      return runCase(shell, node, isTested);
    case 'ArithmeticFor':
    case 'Select':
    case 'TestCommand':
    case 'ArithmeticCommand':
    case 'Coproc':
      throw new NotInterpretable(node.type);
  }
}

function define(shell: Shell, { name, body, pos, end }: FunctionNode): number {
  if (body.type === 'CompoundList') throw new NotInterpretable(`the function ${name.value} without a body`);
  shell.functions.set(name.value, { type: 'Statement', command: body, background: undefined, pos, end });
  return 0;
}

function runAndOr(shell: Shell, { commands, operators }: AndOr, isTested: boolean): number {
  for (const [index, command] of commands.entries()) {
    const operator = operators[index - 1];
    if (operator !== undefined && (operator === '&&') !== (shell.status === 0)) continue;
    evaluateNode(shell, command, isTested || index < commands.length - 1);
  }
  return shell.status;
}

function runPipeline(shell: Shell, { prefixes, commands }: Pipeline, isTested: boolean): number {
  const isNegated = prefixes.length % 2 === 1;
  const tested = isTested || prefixes.length > 0;
  const status = commands.length === 1 ? evaluateNode(shell, commands[0]!, tested) : runPipes(shell, commands, tested);
  if (prefixes.length === 0) return checked(shell, status, isTested);
  return isNegated === (status === 0) ? 1 : 0;
}

/** One after the other, each with the whole output of the one before. */
function runPipes(shell: Shell, commands: readonly CommandNode[], isTested: boolean): number {
  let input: Stream | undefined;
  let status = 0;
  for (const [index, command] of commands.entries()) {
    const parts: string[] = [];
    const streams = new Map(shell.streams);
    if (input) streams.set(0, input);
    if (index < commands.length - 1)
      streams.set(
        1,
        textOutput((text) => void parts.push(text)),
      );
    status = runSubshell(shell, (child) => {
      child.streams = streams;
      return evaluateNode(child, command, isTested);
    });
    input = textInput(() => parts.join(''));
  }
  return status;
}

function runRedirected(shell: Shell, { command, redirects }: Redirected, isTested: boolean): number {
  let streams: ReadonlyMap<number, Stream>;
  try {
    streams = redirected(shell, redirects);
  } catch (error) {
    if (!(error instanceof RedirectError)) throw error;
    complain(shell, error.message);
    return checked(shell, shell.isBash ? 1 : 2, isTested);
  }
  return withStreams(shell, streams, () => statusOf(shell, command, isTested));
}

function runIf(shell: Shell, node: If, isTested: boolean): number {
  for (const { clause, then } of [node, ...node.elif]) {
    if (evaluate(shell, clause.commands, true) === 0) return evaluate(shell, then.commands, isTested);
  }
  return node.else ? evaluate(shell, node.else.commands, isTested) : 0;
}

function runWhile(shell: Shell, { kind, clause, body }: While, isTested: boolean): number {
  let status = 0;
  inLoop(shell, () => {
    for (;;) {
      shell.machine.step();
      const isOver = { now: false };
      const goOn = round(() => {
        isOver.now = (evaluate(shell, clause.commands, true) === 0) !== (kind === 'while');
        if (!isOver.now) status = evaluate(shell, body.commands, isTested);
      });
      if (isOver.now) return;
      if (!goOn) {
        status = 0;
        return;
      }
    }
  });
  return status;
}

function runFor(shell: Shell, { name, wordlist, body }: For, isTested: boolean): number {
  const values = wordlist ? expandWords(shell, wordlist) : shell.args;
  let status = 0;
  inLoop(shell, () => {
    for (const value of values) {
      assign(shell, name.value, value);
      const goOn = round(() => {
        status = evaluate(shell, body.commands, isTested);
      });
      if (!goOn) {
        status = 0;
        return;
      }
    }
  });
  return status;
}

function inLoop(shell: Shell, act: () => void): void {
  shell.loops++;
  try {
    act();
  } finally {
    shell.loops--;
  }
}

/** One round of a loop; false where `break` ended the loop. */
function round(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (!(error instanceof Jump)) throw error;
    if (error.levels > 1) throw new Jump(error.kind, error.levels - 1);
    return error.kind === 'continue';
  }
}

function runCase(shell: Shell, { word, items }: Case, isTested: boolean): number {
  const value = expandText(shell, word);
  for (const { pattern, body } of items) {
    if (!pattern.some((one) => matches(value, expandPattern(shell, one)))) continue;
    return evaluate(shell, body.commands, isTested);
  }
  return 0;
}
