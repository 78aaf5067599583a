// From the result of expansions to the arguments of a command: splitting at IFS (POSIX XCU 2.6.5) and pathname expansion (2.6.6).
import { FileError, type WritableTree } from '../filesystem/writable-tree.ts';
import { absolute, lookAt, refuseLive } from './files.ts';
import { hasWildcard, matches, textOf, type Piece } from './pattern.ts';

/** Text of an expanded word; `break` parts the elements of `$@`. */
export type Segment = (Piece & { readonly isSplit: boolean }) | 'break';

export const literal = (text: string): Segment => ({ text, isQuoted: true, isSplit: false });

/** Words, each of pieces that pathname expansion can look at. */
export function splitFields(segments: readonly Segment[], separators: string): Piece[][] {
  const splitter = createSplitter(separators);
  for (const segment of segments) {
    if (segment === 'break') splitter.end();
    else if (segment.isSplit) splitter.split(segment);
    else if (segment.isQuoted || segment.text !== '') splitter.add(segment);
  }
  splitter.end();
  return splitter.fields;
}

interface Splitter {
  readonly fields: Piece[][];
  readonly add: (piece: Piece) => void;
  readonly end: () => void;
  readonly split: (piece: Piece) => void;
}

function createSplitter(separators: string): Splitter {
  const blanks = Array.from(separators)
    .filter((char) => /[ \t\n]/.test(char))
    .join('');
  const fields: Piece[][] = [];
  let current: Piece[] | undefined;
  /** Blanks have just ended a field: a separator that follows them belongs to them. */
  let isAfterBlank = false;
  const end = (): void => {
    if (current) fields.push(current);
    current = undefined;
  };
  const add = (piece: Piece): void => {
    (current ??= []).push(piece);
    isAfterBlank = false;
  };
  const split = ({ text, isQuoted }: Piece): void => {
    let from = 0;
    const flush = (to: number): void => {
      if (to > from) add({ text: text.slice(from, to), isQuoted });
      from = to + 1;
    };
    for (let at = 0; at < text.length; at++) {
      const char = text[at]!;
      if (!separators.includes(char)) continue;
      flush(at);
      if (blanks.includes(char)) {
        isAfterBlank ||= current !== undefined;
        end();
      } else if (isAfterBlank) isAfterBlank = false;
      else {
        current ??= [];
        end();
      }
    }
    flush(text.length);
  };
  return { fields, add, end, split };
}

/** Paths that match, by code unit; the word as it stands where there is none. */
export function expandPathname(tree: WritableTree, cwd: string, pieces: readonly Piece[]): string[] {
  if (!hasWildcard(pieces)) return [textOf(pieces)];
  const found = walk(tree, cwd, partsOf(pieces));
  return found.length > 0 ? found.sort() : [textOf(pieces)];
}

/** The components between slashes. */
function partsOf(pieces: readonly Piece[]): Piece[][] {
  const parts: Piece[][] = [[]];
  for (const { text, isQuoted } of pieces) {
    for (const [index, part] of text.split('/').entries()) {
      if (index > 0) parts.push([]);
      if (part !== '') parts.at(-1)!.push({ text: part, isQuoted });
    }
  }
  return parts;
}

function walk(tree: WritableTree, cwd: string, parts: readonly (readonly Piece[])[]): string[] {
  let found = [''];
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const suffix = isLast ? '' : '/';
    const next = (prefix: string): string[] => {
      if (!hasWildcard(part)) return [`${prefix}${textOf(part)}${suffix}`];
      return namesIn(tree, absolute(cwd, prefix === '' ? '.' : prefix), part).map(
        (name) => `${prefix}${name}${suffix}`,
      );
    };
    found = found.flatMap(next);
  }
  return found.filter((path) => lookAt(tree, absolute(cwd, path), false) !== undefined);
}

function namesIn(tree: WritableTree, directory: string, part: readonly Piece[]): string[] {
  if (lookAt(tree, directory)?.type !== 'directory') return [];
  refuseLive(tree, directory);
  const names = listed(tree, directory);
  const first = part[0];
  const wantsHidden = first !== undefined && first.text.startsWith('.');
  const all = wantsHidden ? ['.', '..', ...names] : names;
  return all.filter((name) => name.startsWith('.') === wantsHidden && matches(name, part));
}

function listed(tree: WritableTree, directory: string): string[] {
  try {
    return tree.list(directory);
  } catch (error) {
    if (error instanceof FileError) return [];
    throw error;
  }
}
