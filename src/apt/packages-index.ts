// A kept Packages file, opened: names are found by bisection in the bytes, and a stanza becomes text only when it is asked for.
import { TRAILER_WORDS } from './packages-record.ts';

export interface PackagesIndex {
  /** Stanzas of the packages of this name, in the order of the file. */
  readonly named: (name: string) => readonly string[];
  /** Stanzas of the other packages that provide this name. */
  readonly providing: (name: string) => readonly string[];
  /** Names of packages, sorted; not those that are only provided. */
  readonly names: () => Iterable<string>;
  /** Place of the name among all in the order in which the file mentions them; undefined for those that are neither package nor provided. */
  readonly rank: (name: string) => number | undefined;
  /** Names that have a rank. */
  readonly size: number;
}

/** Opens what `makePackagesRecord` made; undefined for anything else. Costs nothing by its size. */
export function openPackagesRecord(record: Uint8Array): PackagesIndex | undefined {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.length);
  const trailer = bytes.length - 4 * TRAILER_WORDS;
  if (trailer < 0) return undefined;
  const [names = 0, nameBytes = 0, nameCount = 0, stanzaCount = 0, providerCount = 0] = Array.from(
    { length: TRAILER_WORDS },
    (_, word) => bytes.readUInt32LE(trailer + 4 * word),
  );
  const nameEnds = names + nameBytes;
  const ownEnds = nameEnds + nameCount * 4;
  const providerEnds = ownEnds + nameCount * 4;
  const ranks = providerEnds + nameCount * 4;
  const own = ranks + nameCount * 4;
  const providers = own + stanzaCount * 4;
  const stanzaEnds = providers + providerCount * 4;
  if (stanzaEnds + stanzaCount * 4 !== trailer) return undefined;
  /** The range of item `index` in a table of ends. */
  const range = (table: number, index: number): readonly [start: number, end: number] => [
    index === 0 ? 0 : bytes.readUInt32LE(table + (index - 1) * 4),
    bytes.readUInt32LE(table + index * 4),
  ];
  const nameAt = (index: number): Buffer => {
    const [start, end] = range(nameEnds, index);
    return bytes.subarray(names + start, names + end);
  };
  /** Texts of the stanzas whose numbers stand at the places of a table. */
  const stanzasAt = (table: number, [start, end]: readonly [number, number]): string[] =>
    Array.from({ length: end - start }, (_, at) =>
      bytes.toString('utf8', ...range(stanzaEnds, bytes.readUInt32LE(table + (start + at) * 4))),
    );
  const find = (name: string): number | undefined => bisect(nameCount, nameAt, Buffer.from(name));
  return {
    named: (name) => {
      const index = find(name);
      return index === undefined ? [] : stanzasAt(own, range(ownEnds, index));
    },
    providing: (name) => {
      const index = find(name);
      return index === undefined ? [] : stanzasAt(providers, range(providerEnds, index));
    },
    size: nameCount,
    rank: (name) => {
      const index = find(name);
      return index === undefined ? undefined : bytes.readUInt32LE(ranks + index * 4);
    },
    names: function* () {
      for (let index = 0; index < nameCount; index++) {
        const [start, end] = range(ownEnds, index);
        if (end > start) yield nameAt(index).toString();
      }
    },
  };
}

function bisect(count: number, at: (index: number) => Buffer, wanted: Buffer): number | undefined {
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = at(middle).compare(wanted);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}
