// What utilities share: their messages, their operands one after the other, their input.
import { FileError } from '../filesystem/writable-tree.ts';
import { absolute, readText, wordsOf } from './files.ts';
import type { Call } from './program.ts';

/** Prints `NAME: MESSAGE` and returns the status of a failure. */
export function fail(call: Call, message: string, status = 1): number {
  call.stderr(`${call.argv[0]}: ${message}\n`);
  return status;
}

/** Without messages. Not spread: that would read standard input. */
export const quiet = (call: Call): Call => Object.create(call, { stderr: { value: () => undefined } }) as Call;

export const at = ({ cwd }: Call, path: string): string => absolute(cwd, path);

/** Acts on each; what the filesystem refuses is printed, and the rest goes on. `act` returns its own status. */
export function forEach(
  call: Call,
  operands: readonly string[],
  act: (operand: string) => number | void,
  verb = '',
): number {
  let status = 0;
  for (const operand of operands) {
    try {
      const own = act(operand) ?? 0;
      status ||= own;
    } catch (error) {
      if (!(error instanceof FileError) || error.code === 'UNREADABLE') throw error;
      status = fail(call, `${verb === '' ? '' : `${verb} `}'${operand}': ${wordsOf(error)}`);
    }
  }
  return status;
}

export interface Source {
  readonly name: string;
  readonly text: string;
}

/** Texts of files, or of standard input for `-` and for no operand. Files that are not there are named, and left out. */
export function readSources(
  call: Call,
  operands: readonly string[],
): { readonly sources: Source[]; readonly isComplete: boolean } {
  const sources: Source[] = [];
  const read = (name: string): void => {
    sources.push({ name, text: name === '-' ? call.stdin : readText(call.tree, at(call, name)) });
  };
  const status = forEach(call, operands.length > 0 ? operands : ['-'], read);
  return { sources, isComplete: status === 0 };
}

export const baseName = (path: string): string =>
  path.replace(/\/+$/, '').replace(/^.*\//, '') || (path === '' ? '' : '/');

/** The directory itself, or that of the file. */
export function directoryName(path: string): string {
  const cut = path.replace(/\/+$/, '');
  if (cut === '') return path === '' ? '.' : '/';
  const slash = cut.lastIndexOf('/');
  if (slash < 0) return '.';
  return cut.slice(0, slash).replace(/\/+$/, '') || '/';
}
