// Command lines of Debian's programs: what is known is taken apart, everything else ends in a refusal that names the option.
import { NotInterpretable } from '../shell/program.ts';

export interface Arguments {
  /** Options without a value that were given, with their dashes. */
  readonly flags: ReadonlySet<string>;
  /** The last value of each option that has one. */
  readonly values: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

export interface KnownOptions {
  readonly flags?: readonly string[];
  readonly values?: readonly string[];
  /** Other spellings: `-q` → `--quiet`. */
  readonly aliases?: Readonly<Record<string, string>>;
}

/** `--option value` and `--option=value`; options may stand anywhere before `--`. Throws `NotInterpretable` for others. */
export function parseArguments(argv: readonly string[], known: KnownOptions): Arguments {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const rest: string[] = [];
  const words = argv.slice(1);
  while (words.length > 0) {
    const word = words.shift()!;
    if (word === '--') return { flags, values, rest: [...rest, ...words] };
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    const [, written = word, inline] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const name = known.aliases?.[written] ?? written;
    if (known.flags?.includes(name) && inline === undefined) flags.add(name);
    else if (known.values?.includes(name)) values.set(name, inline ?? words.shift() ?? refuseOption(argv, word));
    else refuseOption(argv, word);
  }
  return { flags, values, rest };
}

export function refuseOption(argv: readonly string[], option: string): never {
  throw new NotInterpretable(`${programName(argv)} is called with ${option}, which is not carried out`);
}

/** What follows the last slash of argv[0]. */
export function programName(argv: readonly string[]): string {
  const called = argv[0] ?? '';
  return called.slice(called.lastIndexOf('/') + 1);
}
