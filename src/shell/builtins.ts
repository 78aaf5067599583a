// The builtins of dash by name: what acts on the shell itself, and the utilities that dash has within.
import { inBash } from './bash.ts';
import { CONTROL } from './builtins-control.ts';
import { naming, PLACES } from './builtins-places.ts';
import { VARIABLES } from './builtins-variables.ts';
import { callOf, invoke } from './call.ts';
import type { ShellBuiltin } from './builtin.ts';
import { echo } from './echo.ts';
import { printf } from './printf.ts';
import type { Program } from './program.ts';
import { exported, type Shell } from './state.ts';
import { test } from './test.ts';

const within =
  (program: Program): ShellBuiltin =>
  (shell, argv) =>
    program(callOf(shell, argv));

/** `command NAME`: whatever the name is but a function. */
const runPlain: ShellBuiltin = (shell, argv, isTested) => {
  const builtin = builtinNamed(shell, argv[0]!);
  return builtin ? builtin(shell, argv, isTested) : invoke(shell, argv, exported(shell));
};

const BUILTINS: ReadonlyMap<string, ShellBuiltin> = new Map<string, ShellBuiltin>([
  ...naming((name) => BUILTINS.has(name), runPlain),
  ...CONTROL,
  ...PLACES,
  ...VARIABLES,
  ['test', within(test)],
  ['[', within(test)],
  ['echo', within(echo)],
  ['printf', within(printf)],
  ['true', () => 0],
  ['false', () => 1],
]);

export function builtinNamed({ isBash }: Shell, name: string): ShellBuiltin | undefined {
  const plain = BUILTINS.get(isBash && name === 'source' ? '.' : name);
  return isBash ? inBash(name, plain) : plain;
}
