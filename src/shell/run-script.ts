// Runs a script of a package over a staged filesystem, with bounds on what it may do.
import { createShell, setFlags } from './call.ts';
import { evaluate } from './evaluate.ts';
import { interpreterOf } from './interpreter.ts';
import { NotInterpretable, type ScriptOptions } from './program.ts';
import type { Machine } from './state.ts';
import { textInput, textOutput } from './streams.ts';
import { runToEnd } from './subshell.ts';
import { parseScript } from './syntax.ts';

/** The longest known scripts run some ten thousand commands; one that loops forever must end. */
const COMMAND_LIMIT = 1_000_000;
/** Characters that all commands of a script print, into pipes and files too. */
const OUTPUT_LIMIT_CHARS = 64 << 20;
const START_UMASK = 0o022;

/**
 * The exit status of a script, as the shell of its first line gives it, bash or else dash. What it did to the tree stays. Throws `NotInterpretable` where the script asks for
 * something that is not done here exactly: then the tree is of no use any more.
 */
export function runScript(text: string, options: ScriptOptions): number {
  const machine = createMachine(options);
  const { isBash, letters } = interpreterOf(text) ?? { isBash: false, letters: undefined };
  const write = textOutput(options.print);
  const { name, args, env, cwd } = options;
  const streams = new Map([
    [0, textInput(() => '')],
    [1, write],
    [2, write],
  ]);
  const shell = createShell({ machine, isBash, name, args, cwd, umask: START_UMASK, depth: 0, env, streams });
  setFlags(shell, letters);
  return runToEnd(shell, () => evaluate(shell, parseScript(text, isBash).commands, false));
}

function createMachine({ tree, programs, assumed, modules }: ScriptOptions): Machine {
  let commands = 0;
  let characters = 0;
  return {
    tree,
    programs,
    assumed,
    modules,
    evaluate,
    step: () => {
      if (++commands > COMMAND_LIMIT) throw new NotInterpretable(`a script of more than ${COMMAND_LIMIT} commands`);
    },
    count: (text) => {
      characters += text.length;
      if (characters > OUTPUT_LIMIT_CHARS) throw new NotInterpretable('a script that prints more than 64 MB');
    },
  };
}
