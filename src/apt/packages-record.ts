// A Packages file in the form that is kept: the fields that matter, and tables by which a name is found without reading the rest.
import { ImageSpecError } from '../core/error.ts';

/** Raised when the form or the fields change: older records are not read any more. */
export const RECORD_FORMAT = 2;

/** Fields of deb-control(5) that say what a package is, needs and where it lies; in lower case. */
const FIELDS: ReadonlySet<string> = new Set([
  'package',
  'version',
  'architecture',
  'multi-arch',
  'source',
  'essential',
  'priority',
  'pre-depends',
  'depends',
  'provides',
  'conflicts',
  'breaks',
  'replaces',
  'filename',
  'size',
  'sha256',
]);

/** Fields whose names apt learns of in this order, stanza by stanza: its last word between equal providers. */
const MENTIONS = [
  'pre-depends',
  'depends',
  'conflicts',
  'breaks',
  'recommends',
  'suggests',
  'replaces',
  'enhances',
  'provides',
] as const;

/** The longest line of a Debian release has some hundred kilobytes (Provides of Rust packages). */
const LINE_LIMIT_BYTES = 4 << 20;

/** u32 little endian: names, stanzas, references to providers. */
export const HEADER_BYTES = 12;

interface KeptStanza {
  readonly name: string;
  /** Where its text lies in the bytes that were kept. */
  readonly start: number;
  readonly end: number;
  /** Names that it provides. */
  readonly provides: readonly string[];
}

/**
 * The record of a Packages file. After the header stand u32 tables, then names and stanzas as bytes, both in the order of the names:
 * ends of names, last stanza + 1 of each name, last provider reference + 1 of each name, rank of each name (`PackageIndex.rank`), providers
 * (stanza numbers), ends of stanzas.
 * Throws `RELEASE_INVALID` for what is no Packages file.
 */
export async function makePackagesRecord(bytes: AsyncIterable<Uint8Array>, what: string): Promise<Uint8Array> {
  const reader = new StanzaReader(what);
  for await (const chunk of bytes) reader.read(chunk);
  return printRecord(reader.end(), reader.kept(), reader.ranks);
}

/** Bytes are read as Latin-1 and written so again: every byte stays what it was, at the speed of plain strings. */
class StanzaReader {
  readonly #what: string;
  readonly #stanzas: KeptStanza[] = [];
  /** Fields are few and come again and again. */
  readonly #isKept = new Map<string, boolean>();
  /** By name, in the order in which names are met. */
  readonly ranks = new Map<string, number>();
  readonly #mentions = new Map<string, string>();
  /** Texts of stanzas as bytes: strings would be views of the whole file, and keep it in memory. */
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;
  #rest = '';
  #text = '';
  #name = '';
  #provides = '';
  /** The field that a continuation line belongs to, if it is kept. */
  #field = '';

  constructor(what: string) {
    this.#what = what;
  }

  read(chunk: Uint8Array): void {
    const text = this.#rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#line(text, start, end);
      start = end + 1;
    }
    this.#rest = text.slice(start);
    if (this.#rest.length > LINE_LIMIT_BYTES) throw this.#invalid(`a line is longer than ${LINE_LIMIT_BYTES} bytes`);
  }

  /** The texts of all stanzas, after `end`. */
  kept(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  end(): KeptStanza[] {
    if (this.#rest !== '') this.#line(this.#rest, 0, this.#rest.length);
    this.#finish();
    return this.#stanzas;
  }

  #line(text: string, start: number, end: number): void {
    const first = text.charCodeAt(start);
    if (first === SPACE || first === TAB) {
      const line = text.slice(start, end).trimEnd();
      if (line === '') this.#finish();
      else if (this.#field !== '') this.#add(line, line);
    } else if (end === start || (first === RETURN && end === start + 1)) {
      this.#finish();
    } else if (first !== HASH) {
      this.#startField(text, start, end);
    }
  }

  #startField(text: string, start: number, end: number): void {
    const colon = text.indexOf(':', start);
    if (colon === -1 || colon >= end || colon === start) {
      throw this.#invalid(`"${text.slice(start, Math.min(end, start + 60))}" is not "Field: value"`);
    }
    const name = text.slice(start, colon);
    this.#field = this.#keeps(name) || this.#isMentioning(name) ? name.toLowerCase() : '';
    if (this.#field === '') return;
    const line = text.slice(start, end).trimEnd();
    const value = line.slice(colon - start + 1).trim();
    if (this.#field === 'package' && this.#name === '') this.#name = value;
    this.#add(line, value);
  }

  #add(line: string, value: string): void {
    if (FIELDS.has(this.#field)) this.#text += `${line}\n`;
    if (this.#field === 'provides') this.#provides += value;
    if (MENTIONING.has(this.#field)) this.#mentions.set(this.#field, (this.#mentions.get(this.#field) ?? '') + value);
  }

  #isMentioning(field: string): boolean {
    return MENTIONING.has(field.toLowerCase());
  }

  #rank(name: string): void {
    if (!this.ranks.has(name)) this.ranks.set(alone(name), this.ranks.size);
  }

  #keeps(field: string): boolean {
    const known = this.#isKept.get(field);
    if (known !== undefined) return known;
    const isKept = FIELDS.has(field.toLowerCase());
    if (this.#isKept.size < FIELD_MEMORY) this.#isKept.set(field, isKept);
    return isKept;
  }

  #finish(): void {
    if (this.#text !== '') {
      if (this.#name === '') throw this.#invalid('a stanza names no package');
      const start = this.#keep(this.#text);
      this.#stanzas.push({ name: alone(this.#name), start, end: this.#length, provides: namesIn(this.#provides) });
      this.#rank(this.#name);
      for (const field of MENTIONS) {
        for (const [, name = ''] of (this.#mentions.get(field) ?? '').matchAll(MENTIONED)) this.#rank(name);
      }
      this.#mentions.clear();
    }
    this.#text = this.#name = this.#provides = this.#field = '';
  }

  /** Returns where the text starts. */
  #keep(text: string): number {
    const start = this.#length;
    if (start + text.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * (start + text.length));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    this.#length += this.#bytes.write(text, start, 'latin1');
    return start;
  }

  #invalid(why: string): ImageSpecError {
    return new ImageSpecError('RELEASE_INVALID', `${this.#what} cannot be used: ${why}`, {
      hint: 'The archive is damaged, though its signature is right: ask its owner.',
    });
  }
}

const MENTIONING: ReadonlySet<string> = new Set(MENTIONS);
/** Names in relations; `any` belongs to no name (`make:any`). */
const MENTIONED = /(?:^|[,|])\s*([a-zA-Z0-9+.-]+)(?![a-zA-Z0-9+.-]|:any)/g;
const SPACE = 32;
const TAB = 9;
const RETURN = 13;
const HASH = 35;
/** Different field names that are remembered: Debian has fewer than a hundred. */
const FIELD_MEMORY = 1000;

/** What a small suite needs; bookworm's main has 20 MB. */
const FIRST_BYTES = 1 << 20;

/** The same text in memory of its own. */
const alone = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

/** `a (= 1), b:any` as `a`, `b`. */
function namesIn(provides: string): string[] {
  if (provides === '') return [];
  return provides.split(',').flatMap((item) => {
    const [, name] = /^\s*([^\s(:]+)/.exec(item) ?? [];
    return name === undefined ? [] : [alone(name)];
  });
}

function printRecord(unsorted: readonly KeptStanza[], kept: Buffer, ranks: ReadonlyMap<string, number>): Uint8Array {
  // Code units of Latin-1 are its bytes; equal names keep their order.
  const stanzas = [...unsorted].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  const providers = new Map<string, number[]>();
  for (const [index, { name, provides }] of stanzas.entries()) {
    for (const provided of new Set(provides)) {
      if (provided === name) continue;
      const known = providers.get(provided);
      if (known) known.push(index);
      else providers.set(provided, [index]);
    }
  }
  const names = [...new Set([...stanzas.map(({ name }) => name), ...providers.keys()])].sort();
  const references = names.map((name) => providers.get(name) ?? []);
  const header = [names.length, stanzas.length, references.reduce((sum, { length }) => sum + length, 0)];
  return Buffer.concat([
    words(header),
    words(ends(names)),
    words(lastStanzas(names, stanzas)),
    words(ends(references)),
    words(names.map((name) => ranks.get(name) ?? 0)),
    words(references.flat()),
    words(ends(stanzas.map(({ start, end }) => ({ length: end - start })))),
    Buffer.from(names.join(''), 'latin1'),
    ...stanzas.map(({ start, end }) => kept.subarray(start, end)),
  ]);
}

function ends(items: readonly { readonly length: number }[]): number[] {
  let end = 0;
  return items.map(({ length }) => (end += length));
}

function lastStanzas(names: readonly string[], stanzas: readonly KeptStanza[]): number[] {
  let at = 0;
  return names.map((name) => {
    while (stanzas[at]?.name === name) at++;
    return at;
  });
}

function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}
