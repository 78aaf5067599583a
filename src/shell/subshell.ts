// Where a shell ends: the status it leaves with, its trap on EXIT, and what its parent sees of it.
import type { Script } from 'unbash';
import { NotInterpretable } from './program.ts';
import { complain, Exit, fork, Return, ShellError, type Shell } from './state.ts';
import { parseScript } from './syntax.ts';

/** Runs a whole shell: `exit`, `return` and errors that end it become its status, and its trap on EXIT runs. */
export function runToEnd(shell: Shell, act: () => number): number {
  const status = endOf(shell, act);
  const action = shell.traps.get('EXIT');
  if (action === undefined || action === '') return status;
  shell.traps.delete('EXIT');
  shell.status = status;
  let own: number | undefined;
  endOf(shell, () => {
    try {
      shell.machine.evaluate(shell, parseScript(action, shell.isBash).commands, false);
    } catch (error) {
      if (error instanceof Exit) own = error.status & STATUS_MASK;
      throw error;
    }
    return 0;
  });
  return own ?? status;
}

/** What wait(2) gives of an exit status. */
const STATUS_MASK = 255;

function endOf(shell: Shell, act: () => number): number {
  try {
    return act();
  } catch (error) {
    if (error instanceof Exit || error instanceof Return) return error.status & STATUS_MASK;
    if (!(error instanceof ShellError)) throw error;
    // Bash goes on after some of these errors, and ends with other statuses after others.
    if (shell.isBash) throw new NotInterpretable(`an error of bash: ${error.message}`);
    complain(shell, error.message);
    return error.status;
  }
}

/** Commands in a copy of the shell, whose changes to the tree stay and whose changes to variables do not. */
export function runSubshell(shell: Shell, act: (child: Shell) => number): number {
  const child = fork(shell);
  return runToEnd(child, () => act(child));
}

/** What commands print, without the newlines at its end; their status is left in `shell.substituted`. */
export function capture(shell: Shell, { commands }: Script): string {
  const parts: string[] = [];
  const write = (text: string): void => void parts.push(text);
  shell.substituted = runSubshell(shell, (child) => {
    // Bash alone (and not in its POSIX mode).
    if (child.isBash) child.flags.delete('e');
    child.streams = new Map(shell.streams).set(1, { output: { write } });
    return child.machine.evaluate(child, commands, false);
  });
  return parts.join('').replaceAll('\0', '').replace(/\n+$/, '');
}
