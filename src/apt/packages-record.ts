// A Packages file in the form that is kept: the fields that matter, and tables by which a name is found without reading the rest.
import { ByteBuffer } from './byte-buffer.ts';
import type { NameTable } from './name-table.ts';
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
  const names = sortedNames(stanzas, table);
  const places = new Int32Array(table.count);
  for (const [place, name] of names.entries()) places[name] = place;
  const own = grouped(stanzas.names.keys(), names.length, (stanza, add) => add(places[stanzas.names[stanza]!]!));
  const providers = grouped(own.stanzas, names.length, (stanza, add) => {
    const end = stanzas.providedEnds[stanza]!;
    for (let at = stanza === 0 ? 0 : stanzas.providedEnds[stanza - 1]!; at < end; at++) {
      const provided = stanzas.provided[at]!;
      if (provided !== stanzas.names[stanza]) add(places[provided]!);
    }
  });
  const nameEnds = names.map((name) => {
    table.writeTo(record, name);
    return record.length - textBytes;
  });
  const nameBytes = record.length - textBytes;
  record.pushWords(nameEnds);
  record.pushWords(own.ends);
  record.pushWords(providers.ends);
  record.pushWords(names.map((name) => Math.max(ranks[name]!, 0)));
  record.pushWords(own.stanzas);
  record.pushWords(providers.stanzas);
  record.pushWords(stanzas.ends);
  record.pushWords([textBytes, nameBytes, names.length, stanzas.names.length, providers.stanzas.length]);
}

/** Names of packages and what they provide, as numbers, by their bytes, as which code units of Latin-1 compare. */
function sortedNames({ names, provided }: KeptStanzas, table: NameTable): Uint32Array {
  const isWanted = new Uint8Array(table.count);
  for (const name of names) isWanted[name] = 1;
  for (const name of provided) isWanted[name] = 1;
  const texts = Array.from(isWanted, (wanted, name) => (wanted === 1 ? table.text(name) : ''));
  const wanted = Uint32Array.from(isWanted.keys()).filter((name) => isWanted[name] === 1);
  return wanted.sort((a, b) => (texts[a]! < texts[b]! ? -1 : Number(texts[a]! > texts[b]!)));
}

interface Grouped {
  /** Of each name's stanzas in `stanzas`. */
  readonly ends: Uint32Array;
  readonly stanzas: Uint32Array;
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
  const counts = new Uint32Array(placeCount);
  for (const stanza of stanzas) {
    placesOf(stanza, (place) => {
      if (last[place] === stanza) return;
      last[place] = stanza;
      counts[place]!++;
      found.push(stanza);
      placed.push(place);
    });
  }
  let next = 0;
  /** Where the next stanza of each name goes; in the end, where they end. */
  const ends = counts.map((count) => (next += count) - count);
  const ordered = new Uint32Array(found.length);
  for (const [at, place] of placed.entries()) ordered[ends[place]!++] = found[at]!;
  return { ends, stanzas: ordered };
}
