// Reads a Packages file as bytes, stanza by stanza, and keeps of it what matters; most of its 50 MB are passed over without becoming strings.
import { ImageSpecError } from '../core/error.ts';
import type { ByteBuffer } from './byte-buffer.ts';
import type { Field } from './packages-fields.ts';
import { fieldAt, MENTIONING, NAME, PROVIDES } from './packages-fields.ts';
import { NameTable } from './name-table.ts';

/** The largest of a Debian release have some hundred kilobytes (Provides of Rust packages). */
const STANZA_LIMIT_BYTES = 4 << 20;

/** What was kept, in columns: tens of thousands of stanzas as objects would be a tenth of a build's memory. Names are numbers in `names`. */
export interface KeptStanzas {
  readonly names: readonly number[];
  /** Where each text ends; the next one begins there. */
  readonly ends: readonly number[];
  /** Names that they provide, and where those of each stanza end. */
  readonly provided: readonly number[];
  readonly providedEnds: readonly number[];
}

export class StanzaReader {
  readonly names = new NameTable();
  readonly #kept = {
    names: new Array<number>(),
    ends: new Array<number>(),
    provided: new Array<number>(),
    providedEnds: new Array<number>(),
  };
  /** By number of the name, its place among all that are mentioned, or `UNRANKED`. */
  readonly ranks: number[] = [];
  readonly #what: string;
  readonly #texts: ByteBuffer;
  #ranked = 0;
  #rest = Buffer.alloc(0);
  /** Of the stanza that is being read: starts and ends of kept lines, and fields, starts and ends of relations, in the bytes at hand. */
  readonly #lines: number[] = [];
  readonly #relations: number[] = [];
  /** How much of both belongs to it: emptying arrays would make new ones for every stanza. */
  #lineCount = 0;
  #relationCount = 0;
  #name = NOTHING;
  #field: Field | undefined;

  /** @param texts gets what is kept of the stanzas, in the order of the file */
  constructor(texts: ByteBuffer, what: string) {
    this.#texts = texts;
    this.#what = what;
  }

  get stanzas(): KeptStanzas {
    return this.#kept;
  }

  /** Throws `RELEASE_INVALID` for what is no Packages file. */
  read(chunk: Uint8Array): void {
    const more = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const bytes = this.#rest.length === 0 ? more : Buffer.concat([this.#rest, more]);
    const end = this.#readWhole(bytes);
    if (bytes.length - end > STANZA_LIMIT_BYTES)
      throw this.#invalid(`a stanza is longer than ${STANZA_LIMIT_BYTES} bytes`);
    // What is left is read again together with what follows.
    this.#forget();
    this.#rest = Buffer.from(bytes.subarray(end));
  }

  /** After the last chunk. */
  end(): void {
    const bytes = Buffer.concat([this.#rest, LINE_END]);
    this.#readWhole(bytes);
    this.#finish(bytes);
  }

  /** Returns where the last stanza that is whole ends. */
  #readWhole(bytes: Buffer): number {
    const { length } = bytes;
    let stanza = 0;
    for (let start = 0; ;) {
      let end = start;
      while (end < length && bytes[end] !== LINE_FEED) end++;
      if (end === length) return stanza;
      if (this.#isStanzaEnd(bytes, start, end)) {
        this.#finish(bytes);
        stanza = end + 1;
      }
      start = end + 1;
    }
  }

  /** Reads a line and says whether it ends the stanza. */
  #isStanzaEnd(bytes: Buffer, start: number, end: number): boolean {
    const first = bytes[start]!;
    if (first === SPACE || first === TAB) {
      const last = trimmedEnd(bytes, start, end);
      if (last === start) return true;
      if (this.#field) this.#note(this.#field, start, last, start);
    } else if (end === start || (first === RETURN && end === start + 1)) {
      return true;
    } else if (first !== HASH) {
      this.#startField(bytes, start, end);
    }
    return false;
  }

  #startField(bytes: Buffer, start: number, end: number): void {
    let colon = start;
    while (bytes[colon] !== COLON && colon < end) colon++;
    if (colon === end || colon === start) {
      const text = bytes.toString('latin1', start, Math.min(end, start + 60));
      throw this.#invalid(`"${text}" is not "Field: value"`);
    }
    this.#field = fieldAt(bytes, start, colon);
    if (this.#field === undefined) return;
    const last = trimmedEnd(bytes, start, end);
    let value = colon + 1;
    while (value < last && isSpace(bytes[value]!)) value++;
    if (this.#field === NAME && this.#name === NOTHING && value < last) this.#name = this.#numberOf(bytes, value, last);
    this.#note(this.#field, start, last, value);
  }

  #note({ isKept, mention }: Field, start: number, end: number, value: number): void {
    if (isKept) {
      this.#lines[this.#lineCount++] = start;
      this.#lines[this.#lineCount++] = end;
    }
    if (mention >= 0) {
      this.#relations[this.#relationCount++] = mention;
      this.#relations[this.#relationCount++] = value;
      this.#relations[this.#relationCount++] = end;
    }
  }

  #finish(bytes: Buffer): void {
    if (this.#lineCount > 0) {
      if (this.#name === NOTHING) throw this.#invalid('a stanza names no package');
      this.#keep(bytes);
      this.#rank(this.#name);
      for (let field = 0; field < MENTIONING.length; field++) this.#mention(bytes, field);
      this.#addProvided(bytes);
    }
    this.#forget();
  }

  #forget(): void {
    this.#lineCount = 0;
    this.#relationCount = 0;
    this.#name = NOTHING;
    this.#field = undefined;
  }

  /** Copies the lines that matter. */
  #keep(bytes: Buffer): void {
    const lines = this.#lines;
    const count = this.#lineCount;
    let size = 0;
    for (let line = 0; line < count; line += 2) size += lines[line + 1]! - lines[line]! + 1;
    let to = this.#texts.grow(size);
    const texts = this.#texts.bytes;
    for (let line = 0; line < count; line += 2) {
      const end = lines[line + 1]!;
      for (let at = lines[line]!; at < end;) texts[to++] = bytes[at++]!;
      texts[to++] = LINE_FEED;
    }
    this.#kept.names.push(this.#name);
    this.#kept.ends.push(to);
  }

  /** Ranks the names in a field, which may have several lines. */
  #mention(bytes: Buffer, field: number): void {
    const relations = this.#relations;
    let isOpen = true;
    for (let one = 0; one < this.#relationCount; one += 3) {
      if (relations[one] !== field) continue;
      const to = relations[one + 2]!;
      for (let at = relations[one + 1]!; at < to; at++) {
        const byte = bytes[at]!;
        if (byte === COMMA || byte === BAR) isOpen = true;
        else if (isOpen && !isSpace(byte)) {
          isOpen = false;
          let end = at;
          while (end < to && IN_NAMES[bytes[end]!] === 1) end++;
          // `any` belongs to no name (`make:any`).
          if (end > at && !startsWith(bytes, end, to, ANY)) this.#rank(this.#numberOf(bytes, at, end));
          if (end > at) at = end - 1;
        }
      }
    }
  }

  /** `a (= 1), b:any` are `a` and `b`. */
  #addProvided(bytes: Buffer): void {
    const relations = this.#relations;
    const { provided, providedEnds } = this.#kept;
    let isOpen = true;
    for (let one = 0; one < this.#relationCount; one += 3) {
      if (relations[one] !== PROVIDES) continue;
      const to = relations[one + 2]!;
      for (let at = relations[one + 1]!; at < to; at++) {
        const byte = bytes[at]!;
        if (byte === COMMA) isOpen = true;
        else if (isOpen && !isSpace(byte)) {
          isOpen = false;
          let end = at;
          while (end < to && !endsProvided(bytes[end]!)) end++;
          if (end > at) provided.push(this.#numberOf(bytes, at, end));
          if (end > at) at = end - 1;
        }
      }
    }
    providedEnds.push(provided.length);
  }

  #numberOf(bytes: Buffer, from: number, to: number): number {
    const number = this.names.add(bytes, from, to);
    if (number === this.ranks.length) this.ranks.push(UNRANKED);
    return number;
  }

  #rank(name: number): void {
    if (this.ranks[name] === UNRANKED) this.ranks[name] = this.#ranked++;
  }

  #invalid(why: string): ImageSpecError {
    return new ImageSpecError('RELEASE_INVALID', `${this.#what} cannot be used: ${why}`, {
      hint: 'The archive is damaged, though its signature is right: ask its owner.',
    });
  }
}

const UNRANKED = -1;

const NOTHING = -1;
const TAB = 9;
const LINE_FEED = 10;
const RETURN = 13;
const SPACE = 32;
const HASH = 35;
const PARENTHESIS = 40;
const COMMA = 44;
const COLON = 58;
const BAR = 124;
const ANY = Buffer.from(':any');
const LINE_END = Buffer.from('\n');

/** 1 for bytes that names in relations are made of. */
const IN_NAMES = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(/[a-zA-Z0-9+.-]/.test(String.fromCharCode(byte))),
);

const isSpace = (byte: number): boolean => byte === SPACE || (byte >= TAB && byte <= RETURN);
const endsProvided = (byte: number): boolean =>
  byte === COMMA || byte === COLON || byte === PARENTHESIS || isSpace(byte);

function trimmedEnd(bytes: Buffer, start: number, end: number): number {
  let last = end;
  while (last > start && isSpace(bytes[last - 1]!)) last--;
  return last;
}

function startsWith(bytes: Buffer, from: number, to: number, wanted: Buffer): boolean {
  if (to - from < wanted.length) return false;
  for (let at = 0; at < wanted.length; at++) if (bytes[from + at] !== wanted[at]) return false;
  return true;
}
