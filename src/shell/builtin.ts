// What a builtin is to the evaluator.
import type { Shell } from './state.ts';

/** argv[0] is its name. Throws `ShellError` for what dash ends a builtin with; a special one then ends the shell. */
export type ShellBuiltin = (shell: Shell, argv: readonly string[], isTested: boolean) => number;

/** POSIX XCU 2.14, and `local`: their assignments stay, and their errors end the shell. */
export const SPECIAL: ReadonlySet<string> = new Set([
  '.',
  ':',
  'break',
  'continue',
  'eval',
  'exec',
  'exit',
  'export',
  'local',
  'readonly',
  'return',
  'set',
  'shift',
  'times',
  'trap',
  'unset',
]);
