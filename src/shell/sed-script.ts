// The language of sed (POSIX XCU, sed; GNU's additions), read into commands.
import { NotInterpretable } from './program.ts';
import { compileRegex } from './regex.ts';
import { toByteString } from './text.ts';

export type Address =
  | { readonly type: 'line'; readonly line: number }
  | { readonly type: 'last' }
  | { readonly type: 'regex'; readonly regex: RegExp | undefined };

export interface SedCommand {
  readonly first?: Address;
  /** `plus`: so many lines further. */
  readonly second?: Address | { readonly type: 'plus'; readonly line: number };
  readonly isNegated: boolean;
  readonly name: string;
  /** Of `a`, `i`, `c`; label of `b`, `t`. */
  readonly text?: string;
  readonly inner?: readonly SedCommand[];
  readonly substitution?: Substitution;
  readonly table?: ReadonlyMap<string, string>;
  readonly status?: number;
}

export interface Substitution {
  /** Undefined: the last one that was used. Has the flag g. */
  readonly regex: RegExp | undefined;
  /** Texts, and numbers of groups with 0 for all. */
  readonly replacement: readonly (string | number)[];
  readonly isGlobal: boolean;
  readonly number: number;
  readonly isPrinted: boolean;
  /** GNU's flag e: the pattern space is run by sh, and becomes what that prints. */
  readonly isRun: boolean;
}

export function parseSed(text: string, isExtended: boolean): SedCommand[] {
  const reader = new SedReader(toByteString(text), isExtended);
  const commands = reader.commands();
  reader.expectEnd();
  return commands;
}

class SedReader {
  readonly #text: string;
  readonly #isExtended: boolean;
  #at = 0;

  constructor(text: string, isExtended: boolean) {
    this.#text = text;
    this.#isExtended = isExtended;
  }

  expectEnd(): void {
    if (this.#at < this.#text.length) throw this.#refuse(this.#text.slice(this.#at));
  }

  commands(): SedCommand[] {
    const found: SedCommand[] = [];
    for (;;) {
      this.#skip(/[\s;]*/y);
      if (this.#at >= this.#text.length || this.#text[this.#at] === '}') return found;
      if (this.#text[this.#at] === '#') this.#skip(/[^\n]*/y);
      else found.push(this.#command());
    }
  }

  #command(): SedCommand {
    const first = this.#address();
    let second: SedCommand['second'];
    if (first && this.#skip(/\s*,\s*/y)) {
      const plus = this.#skip(/\+([0-9]+)/y);
      second = plus ? { type: 'plus', line: Number(plus[1]) } : this.#address();
      if (!second) throw this.#refuse('an address');
    }
    const isNegated = this.#skip(/\s*!\s*/y) !== undefined;
    this.#skip(/\s*/y);
    const name = this.#text[this.#at++] ?? '';
    return { ...(first && { first }), ...(second && { second }), isNegated, name, ...this.#rest(name) };
  }

  #address(): Address | undefined {
    const number = this.#skip(/[0-9]+/y);
    if (number) {
      if (this.#text[this.#at] === '~') throw this.#refuse('first~step');
      return { type: 'line', line: Number(number[0]) };
    }
    if (this.#skip(/\$/y)) return { type: 'last' };
    const delimiter = this.#skip(/\/|\\([^\n])/y);
    if (!delimiter) return undefined;
    const pattern = this.#delimited(delimiter[1] ?? '/', true);
    const ignoresCase = this.#skip(/I/y) !== undefined;
    return { type: 'regex', regex: this.#regex(pattern, { ignoresCase, needsExtent: false }) };
  }

  #rest(name: string): Partial<SedCommand> {
    switch (name) {
      case '{': {
        const inner = this.commands();
        if (this.#text[this.#at++] !== '}') throw this.#refuse('{ without }');
        return { inner };
      }
      case 's':
        return { substitution: this.#substitution() };
      case 'y':
        return { table: this.#table() };
      case 'a':
      case 'i':
      case 'c':
        return { text: this.#lines() };
      case 'b':
      case 't':
      case 'T':
      case ':':
        return { text: this.#skip(/[ \t]*([^\s;}]*)/y)![1]! };
      case 'q':
      case 'Q':
        return { status: Number(this.#skip(/[ \t]*([0-9]*)/y)![1]) };
      default:
        if (!/^[dDgGhHnNpPx=]$/.test(name)) throw this.#refuse(`the command ${name}`);
        return this.#ended();
    }
  }

  #ended(): Partial<SedCommand> {
    if (!/^[ \t]*(?:$|[\n;}#])/.test(this.#text.slice(this.#at))) throw this.#refuse(this.#text.slice(this.#at));
    return {};
  }

  /** GNU: `a text` on one line, or `a\` and lines that a backslash continues. */
  #lines(): string {
    this.#skip(/[ \t]*(?:\\[ \t]*\n)?/y);
    const found = this.#skip(/(?:\\[^]|[^\\\n])*/y)?.[0] ?? '';
    return `${found.replace(/^\\(?=[ \t])/, '').replace(/\\([^])/g, '$1')}\n`;
  }

  #substitution(): Substitution {
    const delimiter = this.#text[this.#at++];
    if (delimiter === undefined || /[\n\\]/.test(delimiter)) throw this.#refuse('s');
    const pattern = this.#delimited(delimiter, true);
    const replacement = this.#delimited(delimiter, false);
    const flags = this.#skip(/[gpIie0-9]*/y)![0];
    this.#ended();
    return {
      regex: this.#regex(pattern, { ignoresCase: /i/i.test(flags), needsExtent: true }),
      replacement: this.#replacement(replacement),
      isGlobal: flags.includes('g'),
      number: Number(/[0-9]+/.exec(flags)?.[0] ?? '1'),
      isPrinted: flags.includes('p'),
      isRun: flags.includes('e'),
    };
  }

  #regex(pattern: string, more: { readonly ignoresCase: boolean; readonly needsExtent: boolean }): RegExp | undefined {
    if (pattern === '') return undefined;
    const text = Buffer.from(pattern, 'latin1').toString();
    return compileRegex(text, { ...more, isExtended: this.#isExtended, isSed: true, flags: 'g' });
  }

  #replacement(text: string): (string | number)[] {
    return [...text.matchAll(/\\([^])|&|[^\\&]+/g)].map(([all, char]) => {
      if (all === '&') return 0;
      if (char === undefined) return all;
      if (/[0-9]/.test(char)) return Number(char);
      if (char === 'n') return '\n';
      if (char === 't') return '\t';
      if (/[A-Za-z]/.test(char)) throw this.#refuse(`\\${char} in a replacement`);
      return char;
    });
  }

  #table(): ReadonlyMap<string, string> {
    const delimiter = this.#text[this.#at++]!;
    const [from, to] = [this.#delimited(delimiter, false), this.#delimited(delimiter, false)].map((text) =>
      Array.from(text.replace(/\\n/g, '\n').replace(/\\\\/g, '\\')),
    );
    if (from!.length !== to!.length) throw this.#refuse('y with lists of different length');
    this.#ended();
    return new Map(from!.map((char, index) => [char, to![index]!]));
  }

  /** Up to the next delimiter; `\` and the delimiter is the delimiter itself. */
  #delimited(delimiter: string, isPattern: boolean): string {
    let found = '';
    for (;;) {
      const char = this.#text[this.#at++];
      if (char === undefined) throw this.#refuse(`no ${delimiter}`);
      if (char === delimiter) return found;
      if (char === '\\') {
        const next = this.#text[this.#at++] ?? '';
        if (next === delimiter && /[.*[\]^$+?(){}|&0-9n]/.test(delimiter)) throw this.#refuse(`\\${delimiter}`);
        found += next === delimiter ? delimiter : `\\${next}`;
      } else if (char === '[' && isPattern) found += `[${this.#bracket()}`;
      else if (char === '\n' && isPattern) throw this.#refuse('a line end in a pattern');
      else found += char;
    }
  }

  /** In brackets a delimiter is a character. */
  #bracket(): string {
    const found = this.#skip(/\^?\]?(?:\[[:.=][^\]]*\]|[^\]\n])*\]/y);
    if (!found) throw this.#refuse('an open bracket');
    return found[0];
  }

  #skip(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match ?? undefined;
  }

  #refuse(what: string): NotInterpretable {
    return new NotInterpretable(`sed: ${what} in ${this.#text}`);
  }
}
