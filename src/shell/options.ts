// Options of utilities, as getopt_long(3) reads them: what is not listed is refused by name.
import { NotInterpretable, type Call } from './program.ts';

export interface OptionSpec {
  /** Letters without an argument. */
  readonly flags?: string;
  /** Letters with one. */
  readonly values?: string;
  /** Letters that long names stand for. */
  readonly long?: Readonly<Record<string, string>>;
  /** What follows the first operand belongs to another program. */
  readonly stopsAtOperand?: boolean;
}

export interface Options {
  readonly operands: readonly string[];
  readonly has: (letter: string) => boolean;
  /** The last one counts. */
  readonly value: (letter: string) => string | undefined;
  readonly all: (letter: string) => readonly string[];
}

/** Throws `NotInterpretable` for an option that is not in the spec, or that lacks its argument. */
export function parseOptions({ argv }: Pick<Call, 'argv'>, spec: OptionSpec): Options {
  const [name = '', ...words] = argv;
  const found = new Map<string, string[]>();
  const operands: string[] = [];
  const add = (letter: string, value: string): void => void found.set(letter, [...(found.get(letter) ?? []), value]);
  while (words.length > 0) {
    const word = words.shift()!;
    if (word === '--') {
      operands.push(...words);
      break;
    }
    if (word.startsWith('--')) readLong(name, word, words, spec, add);
    else if (/^-./.test(word)) readLetters(name, word, words, spec, add);
    else {
      operands.push(word);
      if (spec.stopsAtOperand === true) {
        operands.push(...words);
        break;
      }
    }
  }
  const all = (letter: string): readonly string[] => found.get(letter) ?? [];
  return { operands, has: (letter) => found.has(letter), value: (letter) => all(letter).at(-1), all };
}

type Add = (letter: string, value: string) => void;

function readLong(name: string, word: string, words: string[], { values = '', long = {} }: OptionSpec, add: Add): void {
  const [, key = '', given] = /^--([^=]*)(?:=([^]*))?$/.exec(word) ?? [];
  const letter = long[key];
  const wantsValue = letter !== undefined && values.includes(letter);
  const value = wantsValue ? (given ?? words.shift()) : given;
  if (letter === undefined || wantsValue !== (value !== undefined)) throw new NotInterpretable(`${name} ${word}`);
  add(letter, value ?? '');
}

function readLetters(
  name: string,
  word: string,
  words: string[],
  { flags = '', values = '' }: OptionSpec,
  add: Add,
): void {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at]!;
    if (values.includes(letter)) {
      const value = at + 1 < word.length ? word.slice(at + 1) : words.shift();
      if (value === undefined) throw new NotInterpretable(`${name} -${letter} without its argument`);
      add(letter, value);
      return;
    }
    if (!flags.includes(letter)) throw new NotInterpretable(`${name} -${letter}`);
    add(letter, '');
  }
}
