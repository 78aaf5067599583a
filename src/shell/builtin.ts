// What a builtin is to the evaluator.
import type { Shell } from './state.ts';

/** argv[0] is its name. Throws `ShellError` for what dash ends a builtin with; a special one then ends the shell. */
export type ShellBuiltin = (shell: Shell, argv: readonly string[], isTested: boolean) => number;
