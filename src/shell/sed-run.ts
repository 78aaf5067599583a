// A run of sed: its cycle, the pattern space and the hold space (POSIX XCU, sed), over bytes.
import { NotInterpretable } from './program.ts';
import type { Address, SedCommand, Substitution } from './sed-script.ts';

/** Commands of one run: a loop of labels that never ends must. */
const COMMAND_LIMIT = 10_000_000;

/** What a run does outside of its lines, in bytes. */
interface SedWorld {
  readonly write: (bytes: string) => void;
  readonly run: (command: string) => string;
}

type Next = 'next' | 'end' | 'again' | 'quit' | undefined;

/** One run over all lines of its input. */
export class SedRun {
  readonly #commands: readonly SedCommand[];
  readonly #lines: string[];
  readonly #isQuiet: boolean;
  readonly #write: (bytes: string) => void;
  readonly #runCommand: (bytes: string) => string;
  readonly #lacksEnd: boolean;
  /** Ranges under way, by command: the line that ends them, or that none is known yet. */
  readonly #ranges = new Map<SedCommand, number | undefined>();
  #line = 0;
  #space = '';
  #hold = '';
  #appended: string[] = [];
  #wasReplaced = false;
  #lastRegex: RegExp | undefined;
  #count = 0;
  #status = 0;

  constructor(commands: readonly SedCommand[], bytes: string, isQuiet: boolean, { write, run }: SedWorld) {
    this.#commands = commands;
    this.#lines = bytes.split('\n');
    this.#lacksEnd = this.#lines.at(-1) !== '';
    if (!this.#lacksEnd) this.#lines.pop();
    this.#isQuiet = isQuiet;
    this.#write = write;
    this.#runCommand = run;
  }

  run(): number {
    let isKept = false;
    for (;;) {
      if (!isKept && !this.#read()) return this.#status;
      this.#wasReplaced = false;
      const next = this.#runAll();
      if (next !== 'next' && !this.#isQuiet && next !== 'again') this.#print(this.#space);
      this.#flush();
      if (next === 'quit') return this.#status;
      isKept = next === 'again';
    }
  }

  #runAll(): Next {
    try {
      return this.#runList(this.#commands);
    } catch (error) {
      if (error instanceof Leave) return error.next;
      throw error;
    }
  }

  #read(): boolean {
    if (this.#line >= this.#lines.length) return false;
    this.#space = this.#lines[this.#line++]!;
    return true;
  }

  get #isLast(): boolean {
    return this.#line >= this.#lines.length;
  }

  #print(text: string): void {
    const isBare = this.#isLast && this.#lacksEnd;
    this.#write(isBare ? text : `${text}\n`);
  }

  #flush(): void {
    for (const text of this.#appended) this.#write(text);
    this.#appended = [];
  }

  /** `b` and `t` go to a label of the outermost list. */
  #runList(commands: readonly SedCommand[]): Next {
    for (let index = 0; index < commands.length; index++) {
      const command = commands[index]!;
      if (++this.#count > COMMAND_LIMIT)
        throw new NotInterpretable(`a run of sed of more than ${COMMAND_LIMIT} commands`);
      if (this.#applies(command) === command.isNegated) continue;
      const label = this.#runOne(command);
      if (label === undefined) continue;
      if (label === '') return 'end';
      index = commands.findIndex(({ name, text }) => name === ':' && text === label);
      if (index < 0) throw new NotInterpretable(`sed: the label ${label}`);
    }
    return 'end';
  }

  /** A label to go on at, '' for the end. */
  #runOne(command: SedCommand): string | undefined {
    const { name, text = '' } = command;
    switch (name) {
      case '{':
        return this.#runGroup(command.inner!);
      case 's':
        this.#substitute(command.substitution!);
        return undefined;
      case 'y':
        this.#space = Array.from(this.#space, (char) => command.table!.get(char) ?? char).join('');
        return undefined;
      case 'b':
        return text;
      case 't':
      case 'T': {
        const was = this.#wasReplaced;
        this.#wasReplaced = false;
        return was === (name === 't') ? text : undefined;
      }
      case 'a':
        this.#appended.push(text);
        return undefined;
      case 'i':
        this.#write(text);
        return undefined;
      case 'c':
        if (command.isNegated || !command.second || this.#ranges.get(command) === undefined) this.#write(text);
        throw new Leave('next');
      case 'q':
      case 'Q':
        this.#status = command.status ?? 0;
        if (name === 'Q') this.#line = this.#lines.length;
        throw new Leave(name === 'q' ? 'quit' : 'next');
      default:
        this.#runSpace(name);
        return undefined;
    }
  }

  #runGroup(inner: readonly SedCommand[]): undefined {
    if (inner.some(({ name, text }) => (name === 'b' || name === 't' || name === 'T') && text !== '')) {
      throw new NotInterpretable('sed: a jump out of a group');
    }
    for (const command of inner) {
      if (this.#applies(command) === command.isNegated) continue;
      if (this.#runOne(command) === '') throw new Leave('end');
    }
  }

  /** Commands on the pattern space and the hold space. */
  #runSpace(name: string): void {
    const first = this.#space.indexOf('\n');
    if (name === 'd') throw new Leave('next');
    else if (name === 'D') {
      if (first < 0) throw new Leave('next');
      this.#space = this.#space.slice(first + 1);
      throw new Leave('again');
    } else if (name === 'p') this.#print(this.#space);
    else if (name === 'P') this.#write(`${first < 0 ? this.#space : this.#space.slice(0, first)}\n`);
    else if (name === '=') this.#write(`${this.#line}\n`);
    else if (name === 'g') this.#space = this.#hold;
    else if (name === 'G') this.#space += `\n${this.#hold}`;
    else if (name === 'h') this.#hold = this.#space;
    else if (name === 'H') this.#hold += `\n${this.#space}`;
    else if (name === 'x') [this.#space, this.#hold] = [this.#hold, this.#space];
    else if (name === 'n' || name === 'N') this.#more(name);
  }

  #more(name: 'n' | 'N'): void {
    // GNU prints the pattern space where there is no next line.
    if (this.#isLast) throw new Leave('quit');
    if (name === 'n') {
      if (!this.#isQuiet) this.#print(this.#space);
      this.#flush();
      this.#read();
      return;
    }
    this.#space += `\n${this.#lines[this.#line++]!}`;
  }

  #applies(command: SedCommand): boolean {
    const { first, second } = command;
    if (!first) return true;
    if (!second) return this.#matches(first);
    if (this.#ranges.has(command)) {
      const end = this.#ranges.get(command);
      if (second.type === 'line' || second.type === 'plus') {
        if (this.#line >= end!) this.#ranges.delete(command);
        return this.#line <= end!;
      }
      if (this.#matches(second)) this.#ranges.delete(command);
      return true;
    }
    const isZero = first.type === 'line' && first.line === 0;
    if (isZero && second.type !== 'regex') throw new NotInterpretable('sed: the address 0');
    if (isZero ? this.#line !== 1 : !this.#matches(first)) return false;
    this.#begin(command, second, isZero);
    return true;
  }

  #begin(command: SedCommand, second: NonNullable<SedCommand['second']>, isZero: boolean): void {
    if (second.type === 'line' || second.type === 'plus') {
      const end = second.type === 'plus' ? this.#line + second.line : second.line;
      if (end > this.#line) this.#ranges.set(command, end);
    } else if (isZero ? !this.#matches(second) : second.type !== 'last' || !this.#isLast)
      this.#ranges.set(command, undefined);
  }

  #matches(address: Address): boolean {
    if (address.type === 'line') return this.#line === address.line;
    if (address.type === 'last') return this.#isLast;
    return this.#space.search(this.#remember(address.regex)) >= 0;
  }

  /** An empty pattern is the last one used. */
  #remember(regex: RegExp | undefined): RegExp {
    const found = regex ?? this.#lastRegex;
    if (!found) throw new NotInterpretable('sed: an empty pattern before any other');
    this.#lastRegex = found;
    return found;
  }

  #substitute({ regex, replacement, isGlobal, number, isPrinted, isRun }: Substitution): void {
    const found = [...this.#space.matchAll(this.#remember(regex))];
    const chosen = isGlobal ? found.slice(number - 1) : found.slice(number - 1, number);
    if (chosen.length === 0) return;
    let result = '';
    let from = 0;
    for (const match of chosen) {
      // An empty match right behind another one is none (POSIX: adjacent).
      if (match[0] === '' && isAdjacent(match, found)) continue;
      result += this.#space.slice(from, match.index);
      for (const part of replacement) result += typeof part === 'string' ? part : (match[part] ?? '');
      from = match.index + match[0].length;
    }
    this.#space = result + this.#space.slice(from);
    this.#wasReplaced = true;
    if (isRun) this.#space = this.#runCommand(this.#space);
    if (isPrinted) this.#print(this.#space);
  }
}

const isAdjacent = (match: RegExpExecArray, all: readonly RegExpExecArray[]): boolean =>
  all.some((other) => other[0] !== '' && other.index + other[0].length === match.index);

class Leave extends Error {
  readonly next: Next;
  constructor(next: Next) {
    super('leave');
    this.next = next;
  }
}
