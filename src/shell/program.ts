// What a program is to the shell of this room: a function over a staged filesystem. Nothing is executed on the host.
import type { WritableTree } from '../filesystem/writable-tree.ts';

/**
 * Thrown where a script asks for something that this shell, or a program in it, does not do exactly as the real one: an unknown program, option
 * or construct, or bytes of the base that nobody has read. Whoever runs the script then knows that it must be run for real.
 */
export class NotInterpretable extends Error {
  override readonly name = 'NotInterpretable';
}

/** One call of a program, as execve(2) would give it. */
export interface Call {
  /** argv[0] is the name it was called by. */
  readonly argv: readonly string[];
  /** Exported variables. A program may not change them. */
  readonly env: ReadonlyMap<string, string>;
  /** Absolute. */
  readonly cwd: string;
  /** 0 to 0o777. */
  readonly umask: number;
  /**
   * The whole rest of standard input; '' when there is none. Text is UTF-16 with every byte that is not UTF-8 refused. It is read when a program
   * first asks for it, so that one that does not leaves it to the next (`while read x; do rm "$x"; done`): spreading a call reads it.
   */
  readonly stdin: string;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly tree: WritableTree;
  /** Runs another program: by name in the programs' table, or a shell script of the tree by its path. Returns its status. */
  readonly run: (
    argv: readonly string[],
    more?: { readonly stdin?: string; readonly stdout?: (text: string) => void },
  ) => number;
}

/** Returns the exit status. Throws `NotInterpretable`. */
export type Program = (call: Call) => number;

export type Programs = ReadonlyMap<string, Program>;

/** A command that acts on the shell itself, as those do that a sourced file defines. */
export type Builtin = (call: Call & { readonly set: (variable: string, value: string) => void }) => number;

export interface ScriptOptions {
  readonly tree: WritableTree;
  readonly programs: Programs;
  /**
   * Programs that are there whether or not the tree has a file for them: a script may use those of Essential packages without a dependency
   * (Debian policy 3.5).
   */
  readonly assumed: ReadonlySet<string>;
  /**
   * Files that stand for builtins: `. PATH` makes them known instead of interpreting the file (debconf's confmodule talks to a process that
   * is not there).
   */
  readonly modules: ReadonlyMap<string, ReadonlyMap<string, Builtin>>;
  /** `$0`. */
  readonly name: string;
  /** `$1`, `$2`, … */
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  /** Absolute. */
  readonly cwd: string;
  /** Gets what the script prints to both outputs. */
  readonly print: (text: string) => void;
}
