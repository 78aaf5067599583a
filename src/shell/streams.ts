// What a file descriptor leads to: text to read in turns, or a place to write to. Both are shared by all who inherit it, as in a real process.
import { FileError, type WritableTree } from '../filesystem/writable-tree.ts';
import { readBytes } from './files.ts';
import { NotInterpretable } from './program.ts';
import { decodeText } from './text.ts';

interface Input {
  /** Everything that is left. */
  readonly rest: () => string;
  /** The next line with its end, '' at the end. */
  readonly line: () => string;
}
interface Output {
  readonly write: (text: string) => void;
}
/** One open file: a pipe or file has one direction, a terminal-like start both. */
export interface Stream {
  readonly input?: Input;
  readonly output?: Output;
}

export function textInput(load: () => string): Stream {
  let text: string | undefined;
  const take = (length: (all: string) => number): string => {
    const all = (text ??= load());
    const end = length(all);
    text = all.slice(end);
    return all.slice(0, end);
  };
  return {
    input: {
      rest: () => take((all) => all.length),
      line: () => take((all) => (all.includes('\n') ? all.indexOf('\n') + 1 : all.length)),
    },
  };
}

/** A file opened for reading: its text is taken when it is first wanted, as one written meanwhile would be read. */
export function fileInput(tree: WritableTree, path: string): Stream {
  const atStart = readBytes(tree, path);
  return textInput(() => decodeText(tree.get(path)?.type === 'file' ? readBytes(tree, path) : atStart, path));
}

/** A file opened for writing; `append` as `>>` does. Throws `FileError`. */
export function fileOutput(tree: WritableTree, path: string, append: boolean, mode: number): Stream {
  const before = tree.get(path);
  if (before?.type === 'other') throw new NotInterpretable(path);
  if (!append || !before) tree.write(path, '', before ? {} : { mode });
  else if (before.type === 'directory') throw new FileError('EISDIR', path);
  // Where it is now: what is renamed while it is written to would need more than a path.
  const at = tree.resolve(path);
  let offset = 0;
  const write = (text: string): void => {
    if (text === '') return;
    if (tree.get(at, false)?.type !== 'file') throw new NotInterpretable(`${path}, moved while it is written`);
    const old = readBytes(tree, `/${at}`);
    const added = new TextEncoder().encode(text);
    const start = append ? old.length : offset;
    const bytes = new Uint8Array(Math.max(old.length, start + added.length));
    bytes.set(old);
    bytes.set(added, start);
    offset = start + added.length;
    tree.write(at, bytes);
  };
  return { output: { write } };
}

export const textOutput = (write: (text: string) => void): Stream => ({ output: { write } });

/** /dev/null. */
export const nullStream = (): Stream => ({ ...textInput(() => ''), ...textOutput(() => undefined) });
