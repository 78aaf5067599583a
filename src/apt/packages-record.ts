// A Packages file in the form that is kept: the fields that matter, and tables by which a name is found without reading the rest.
import type { KeptStanza } from './stanza-reader.ts';
import { StanzaReader } from './stanza-reader.ts';

/** Raised when the form or the fields change: older records are not read any more. */
export const RECORD_FORMAT = 2;

/** u32 little endian: names, stanzas, references to providers. */
export const HEADER_BYTES = 12;

/**
 * The record of a Packages file. After the header stand u32 tables, then names and stanzas as bytes, both in the order of the names:
 * ends of names, last stanza + 1 of each name, last provider reference + 1 of each name, rank of each name (`PackageIndex.rank`), providers
 * (stanza numbers), ends of stanzas.
 * Throws `RELEASE_INVALID` for what is no Packages file.
 */
export async function makePackagesRecord(bytes: AsyncIterable<Uint8Array>, what: string): Promise<Uint8Array> {
  const reader = new StanzaReader(what);
  for await (const chunk of bytes) reader.read(chunk);
  reader.end();
  return printRecord(reader);
}

interface Name {
  readonly text: string;
  readonly number: number;
}

function printRecord(reader: StanzaReader): Uint8Array {
  const { stanzas, names } = sorted(reader);
  const providers = providersByName(stanzas);
  const references = names.map(({ number }) => providers.get(number) ?? []);
  const header = [names.length, stanzas.length, references.reduce((sum, { length }) => sum + length, 0)];
  const ranks = names.map(({ number }) => Math.max(reader.ranks[number]!, 0));
  const tables = [
    header,
    ends(names.map(({ text }) => text)),
    lastStanzas(names, stanzas),
    ends(references),
    ranks,
    references.flat(),
    ends(stanzas.map(({ start, end }) => ({ length: end - start }))),
  ].map(words);
  const texts = stanzas.map((stanza) => reader.textOf(stanza));
  return Buffer.concat([...tables, Buffer.from(names.map(({ text }) => text).join(''), 'latin1'), ...texts]);
}

/** Names of packages and what they provide, and stanzas, by the bytes of the names, as which code units of Latin-1 compare. */
function sorted({ stanzas, names }: StanzaReader): {
  readonly names: readonly Name[];
  readonly stanzas: readonly KeptStanza[];
} {
  const numbers = new Set<number>();
  for (const { name, provides } of stanzas) {
    numbers.add(name);
    for (const provided of provides) numbers.add(provided);
  }
  const ordered = [...numbers]
    .map((number): Name => ({ number, text: names.text(number) }))
    .sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)));
  const places = new Int32Array(names.count);
  for (const [place, { number }] of ordered.entries()) places[number] = place;
  // Equal names keep their order.
  return { names: ordered, stanzas: [...stanzas].sort((a, b) => places[a.name]! - places[b.name]!) };
}

/** Places of the stanzas of other packages that provide a name, by its number. */
function providersByName(stanzas: readonly KeptStanza[]): ReadonlyMap<number, readonly number[]> {
  const providers = new Map<number, number[]>();
  for (const [index, { name, provides }] of stanzas.entries()) {
    for (const provided of new Set(provides)) {
      if (provided === name) continue;
      const known = providers.get(provided);
      if (known) known.push(index);
      else providers.set(provided, [index]);
    }
  }
  return providers;
}

function ends(items: readonly { readonly length: number }[]): number[] {
  let end = 0;
  return items.map(({ length }) => (end += length));
}

function lastStanzas(names: readonly Name[], stanzas: readonly KeptStanza[]): number[] {
  let at = 0;
  return names.map(({ number }) => {
    while (stanzas[at]?.name === number) at++;
    return at;
  });
}

function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}
