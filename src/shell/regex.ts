// Regular expressions of POSIX (XBD 9, with GNU's additions) as those of JavaScript, over strings of bytes. What the two could match differently is refused.
import { classMembers, escape } from './pattern.ts';
import { NotInterpretable } from './program.ts';
import { toByteString } from './text.ts';

export interface RegexOptions {
  readonly isExtended: boolean;
  readonly ignoresCase?: boolean;
  /** The extent of a match matters, not only that there is one: POSIX takes the longest, JavaScript the first that it finds. */
  readonly needsExtent: boolean;
  /** sed reads `\n` and `\t` in brackets. */
  readonly isSed?: boolean;
  readonly flags?: string;
}

/** Throws `NotInterpretable` for what is not translated exactly. */
export function compileRegex(pattern: string, options: RegexOptions): RegExp {
  const translator = new RegexTranslator(toByteString(pattern), options);
  const source = translator.translate();
  return new RegExp(source, `${options.flags ?? ''}${options.ignoresCase === true ? 'i' : ''}`);
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\\n',
  t: '\\t',
  w: '\\w',
  W: '\\W',
  s: '\\s',
  S: '\\S',
  b: '\\b',
  B: '\\B',
  '<': '\\b(?=\\w)',
  '>': '\\b(?<=\\w)',
};

class RegexTranslator {
  readonly #text: string;
  readonly #options: RegexOptions;
  #at = 0;
  #depth = 0;
  #groups = 0;
  #source = '';
  /** Start of the last thing in `#source` that a repetition would apply to; undefined where none does. */
  #atom: number | undefined;
  readonly #opened: number[] = [];

  constructor(text: string, options: RegexOptions) {
    this.#text = text;
    this.#options = options;
  }

  translate(): string {
    while (this.#at < this.#text.length) this.#next();
    if (this.#depth > 0) throw this.#refuse('an open group');
    return this.#source;
  }

  #next(): void {
    const char = this.#text[this.#at++]!;
    if (char === '\\') this.#escaped();
    else if (char === '[') this.#add(this.#bracket());
    else if (char === '.') this.#add('[^]');
    else if (char === '*') this.#repeat('*');
    else if (char === '^' && this.#isAnchorStart()) this.#anchor('^');
    else if (char === '$' && this.#isAnchorEnd()) this.#anchor('$');
    else if (this.#options.isExtended && '+?(){|'.includes(char)) this.#special(char);
    else this.#add(escape(char));
  }

  #escaped(): void {
    const char = this.#text[this.#at++];
    if (char === undefined) throw this.#refuse('a backslash at the end');
    const known = ESCAPES[char];
    if (!this.#options.isExtended && '+?(){|}'.includes(char)) this.#special(char);
    else if (known !== undefined && (this.#options.isSed === true || !/[nt]/.test(char))) {
      if (/[bB<>]/.test(char)) this.#anchor(known);
      else this.#add(known);
    } else if (/[1-9]/.test(char)) {
      if (Number(char) > this.#groups) throw this.#refuse(`\\${char}`);
      this.#add(`(?:\\${char})`);
    } else if (/[A-Za-z0-9]/.test(char)) throw this.#refuse(`\\${char}`);
    else this.#add(escape(char));
  }

  #special(char: string): void {
    if (char === '(') {
      this.#opened.push(this.#source.length);
      this.#source += '(';
      this.#depth++;
      this.#groups++;
      this.#atom = undefined;
    } else if (char === ')') this.#close();
    else if (char === '|') this.#alternative();
    else if (char === '{') this.#interval();
    else if (char === '}') this.#add('\\}');
    else this.#repeat(char);
  }

  #close(): void {
    const start = this.#opened.pop();
    if (start === undefined) {
      if (!this.#options.isExtended || this.#options.isSed === true) throw this.#refuse('a group that was not opened');
      this.#add('\\)');
      return;
    }
    this.#source += ')';
    this.#depth--;
    this.#atom = start;
  }

  #alternative(): void {
    if (this.#options.needsExtent) throw this.#refuse('an alternative');
    this.#source += '|';
    this.#atom = undefined;
  }

  #interval(): void {
    const close = this.#options.isExtended ? '}' : '\\}';
    const end = this.#text.indexOf(close, this.#at);
    const inside = end < 0 ? '' : this.#text.slice(this.#at, end);
    if (!/^[0-9]+(?:,[0-9]*)?$/.test(inside)) throw this.#refuse('{');
    this.#at = end + close.length;
    this.#repeat(`{${inside}}`);
  }

  #repeat(operator: string): void {
    if (this.#atom === undefined) {
      const isStart = this.#source === '' || /[(|^]$/.test(this.#source);
      if (operator !== '*' || this.#options.isExtended || !isStart) throw this.#refuse(`${operator} behind nothing`);
      this.#add('\\*');
      return;
    }
    const isGroup =
      this.#source.endsWith(')') && this.#source[this.#atom] === '(' && !this.#source.startsWith('(?:', this.#atom);
    if (isGroup && this.#options.needsExtent) throw this.#refuse('a repeated group');
    this.#source = `${this.#source.slice(0, this.#atom)}(?:${this.#source.slice(this.#atom)})${operator}`;
    // `a**`: the repetition is what the next one repeats.
    this.#source = `${this.#source.slice(0, this.#atom)}(?:${this.#source.slice(this.#atom)})`;
  }

  #isAnchorStart(): boolean {
    return this.#options.isExtended || this.#source === '' || /(?:\((?!\?)|\|)$/.test(this.#source);
  }

  #isAnchorEnd(): boolean {
    const rest = this.#text.slice(this.#at);
    return this.#options.isExtended || rest === '' || /^\\[)|]/.test(rest);
  }

  #anchor(source: string): void {
    this.#source += source;
    this.#atom = undefined;
  }

  #add(source: string): void {
    this.#atom = this.#source.length;
    this.#source += source;
  }

  #bracket(): string {
    const isNegated = this.#text[this.#at] === '^';
    if (isNegated) this.#at++;
    const first = this.#at;
    let members = '';
    for (;;) {
      const char = this.#text[this.#at++];
      if (char === undefined) throw this.#refuse('an open bracket');
      if (char === ']' && this.#at - 1 > first) return `[${isNegated ? '^' : ''}${members}]`;
      const next = this.#text[this.#at];
      if (char === '[' && next === ':') {
        const name = /^:([a-z]+):\]/.exec(this.#text.slice(this.#at))?.[1];
        if (name === undefined) throw this.#refuse('[:');
        members += classMembers(name);
        this.#at += name.length + 3;
      } else if (char === '[' && (next === '.' || next === '=')) throw this.#refuse(`[${next}`);
      else if (char === '-' && this.#at - 1 > first && next !== ']') members += '-';
      else if (char === '\\' && this.#options.isSed === true && (next === 'n' || next === 't' || next === ']')) {
        if (next === ']') throw this.#refuse('\\] in a bracket');
        members += `\\${next}`;
        this.#at++;
      } else members += escape(char);
    }
  }

  #refuse(what: string): NotInterpretable {
    return new NotInterpretable(`${what} in the regular expression ${this.#text}`);
  }
}
