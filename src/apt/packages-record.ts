// A Packages file in the form that is kept: the fields that matter, and tables by which a name is found without reading the rest.
import { ByteBuffer } from './byte-buffer.ts';
import type { KeptStanzas } from './stanza-reader.ts';
import { StanzaReader } from './stanza-reader.ts';

/** Raised when the form or the fields change: older records are not read any more. */
export const RECORD_FORMAT = 3;

/** u32 little endian: bytes of texts, bytes of names, number of names, of stanzas, of references to providers. */
export const TRAILER_WORDS = 5;

/** Of content whose size is not known, and of records that would have more: reserved, not yet used. */
const ROOM_BYTES = 1 << 20;
const ROOM_LIMIT_BYTES = 256 << 20;

/**
 * The record of a Packages file: texts of stanzas in the order of the file, names in that of their bytes, then u32 tables (ends of names,
 * own stanzas + 1 of each name, last provider reference + 1 of each name, rank of each name (`PackageIndex.rank`), stanza numbers by name,
 * stanza numbers of providers, ends of stanzas) and the trailer. What comes first is known first: all of it is written where it stays.
 *
 * @param size bytes of the file, where they are known. Throws `RELEASE_INVALID` for what is no Packages file.
 */
export async function makePackagesRecord(
  bytes: AsyncIterable<Uint8Array>,
  what: string,
  size = ROOM_BYTES,
): Promise<Uint8Array> {
  const record = new ByteBuffer(Math.min(size, ROOM_LIMIT_BYTES));
  const reader = new StanzaReader(record, what);
  for await (const chunk of bytes) reader.read(chunk);
  reader.end();
  pushTables(record, reader);
  return record.written();
}

function pushTables(record: ByteBuffer, { stanzas, names: table, ranks }: StanzaReader): void {
  const textBytes = record.length;
  const names = sortedNames(stanzas, (number) => table.text(number));
  const places = new Int32Array(table.count);
  for (const [place, { number }] of names.entries()) places[number] = place;
  const own = grouped(stanzas.names.keys(), names.length, (stanza, add) => add(places[stanzas.names[stanza]!]!));
  const providers = grouped(own.stanzas, names.length, (stanza, add) => {
    const end = stanzas.providedEnds[stanza]!;
    for (let at = stanza === 0 ? 0 : stanzas.providedEnds[stanza - 1]!; at < end; at++) {
      const provided = stanzas.provided[at]!;
      if (provided !== stanzas.names[stanza]) add(places[provided]!);
    }
  });
  record.pushLatin1(names.map(({ text }) => text).join(''));
  const nameBytes = record.length - textBytes;
  record.pushWords(endsOf(names));
  record.pushWords(own.ends);
  record.pushWords(providers.ends);
  record.pushWords(names.map(({ number }) => Math.max(ranks[number]!, 0)));
  record.pushWords(own.stanzas);
  record.pushWords(providers.stanzas);
  record.pushWords(stanzas.ends);
  record.pushWords([textBytes, nameBytes, names.length, stanzas.names.length, providers.stanzas.length]);
}

interface Name {
  readonly number: number;
  readonly text: string;
}

/** Names of packages and what they provide, by their bytes, as which code units of Latin-1 compare. */
function sortedNames({ names, provided }: KeptStanzas, textOf: (number: number) => string): readonly Name[] {
  const numbers = new Set<number>();
  for (const name of names) numbers.add(name);
  for (const name of provided) numbers.add(name);
  return Array.from(numbers, (number): Name => ({ number, text: textOf(number) })).sort((a, b) =>
    a.text < b.text ? -1 : Number(a.text > b.text),
  );
}

interface Grouped {
  /** Of each name's stanzas in `stanzas`. */
  readonly ends: readonly number[];
  readonly stanzas: readonly number[];
}

/** Stanzas by the places of names that `placesOf` tells for each; those of one name keep their order, and none is twice among them. */
function grouped(
  stanzas: Iterable<number>,
  placeCount: number,
  placesOf: (stanza: number, add: (place: number) => void) => void,
): Grouped {
  const found: number[] = [];
  const placed: number[] = [];
  const last = new Int32Array(placeCount).fill(-1);
  const ends = new Array<number>(placeCount).fill(0);
  for (const stanza of stanzas) {
    placesOf(stanza, (place) => {
      if (last[place] === stanza) return;
      last[place] = stanza;
      ends[place]!++;
      found.push(stanza);
      placed.push(place);
    });
  }
  let next = 0;
  const free = ends.map((count) => (next += count) - count);
  const ordered = new Array<number>(found.length).fill(0);
  for (const [at, place] of placed.entries()) ordered[free[place]!++] = found[at]!;
  return { ends: free, stanzas: ordered };
}

function endsOf(items: readonly { readonly text: string }[]): number[] {
  let end = 0;
  return items.map(({ text }) => (end += text.length));
}
