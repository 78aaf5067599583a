// The bytes of /etc/ld.so.cache: reading what an earlier ldconfig left, and writing what the next one would (glibc's dl-cache.h).

export interface CacheEntry {
  /** Name that programs ask for. */
  readonly soname: string;
  readonly path: string;
  readonly flags: number;
  readonly isaLevel: number;
  /** Name of the glibc-hwcaps subdirectory that it lies in. */
  readonly hwcaps: string | undefined;
}

export interface CacheFile {
  readonly entries: readonly CacheEntry[];
  /** What ldconfig writes of itself. */
  readonly generator: string;
}

const MAGIC = 'glibc-ld.so.cache1.1';
const HEADER_BYTES = 48;
const ENTRY_BYTES = 24;
const LITTLE_ENDIAN = 2;
const EXTENSION_MAGIC = 0xeaa42174;
const GENERATOR_TAG = 0;
const HWCAPS_TAG = 1;
/** Bytes of a cache; one with a thousand libraries has 100 KiB. */
const CACHE_LIMIT = 16 * 1024 * 1024;
/** Marks an entry whose lower 32 bits are an index into the names of glibc-hwcaps subdirectories. */
const HWCAPS_BIT = 1n << 62n;
const ISA_LEVEL_MASK = 0x3ffn;

/** Undefined for bytes that are not a little-endian cache of this format. */
export function parseCache(bytes: Uint8Array): CacheFile | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < HEADER_BYTES || file.length > CACHE_LIMIT) return undefined;
  if (file.toString('latin1', 0, MAGIC.length) !== MAGIC || (file[28]! & 3) !== LITTLE_ENDIAN) return undefined;
  const count = file.readUInt32LE(20);
  if (HEADER_BYTES + count * ENTRY_BYTES > file.length) return undefined;
  const sections = readSections(file, file.readUInt32LE(32));
  const names = sections.get(HWCAPS_TAG);
  const entries = Array.from({ length: count }, (_, index): CacheEntry => {
    const at = HEADER_BYTES + index * ENTRY_BYTES;
    const hwcap = file.readBigUInt64LE(at + 16);
    const name = Number(hwcap & 0xffffffffn) * 4;
    const isVariant = (hwcap & HWCAPS_BIT) !== 0n && names !== undefined && name + 4 <= names.length;
    return {
      flags: file.readInt32LE(at),
      soname: textAt(file, file.readUInt32LE(at + 4)),
      path: textAt(file, file.readUInt32LE(at + 8)),
      isaLevel: isVariant ? Number((hwcap >> 32n) & ISA_LEVEL_MASK) : 0,
      hwcaps: isVariant ? textAt(file, names.readUInt32LE(name)) : undefined,
    };
  });
  return { entries, generator: sections.get(GENERATOR_TAG)?.toString() ?? '' };
}

function readSections(file: Buffer, offset: number): Map<number, Buffer> {
  const sections = new Map<number, Buffer>();
  if (offset === 0 || offset + 8 > file.length || file.readUInt32LE(offset) !== EXTENSION_MAGIC) return sections;
  const count = file.readUInt32LE(offset + 4);
  for (let index = 0; index < count; index++) {
    const at = offset + 8 + index * 16;
    if (at + 16 > file.length) break;
    const start = file.readUInt32LE(at + 8);
    sections.set(file.readUInt32LE(at), file.subarray(start, start + file.readUInt32LE(at + 12)));
  }
  return sections;
}

function textAt(file: Buffer, at: number): string {
  const end = file.indexOf(0, at);
  return file.toString('utf8', at, end < 0 ? file.length : end);
}

/** `entries` in the order of the cache. `names`: all glibc-hwcaps subdirectories seen, of which the string table keeps even unused ones. */
export function printCache({ entries, generator }: CacheFile, names: Iterable<string> = []): Uint8Array {
  const used = [...new Set(entries.flatMap(({ hwcaps }) => (hwcaps === undefined ? [] : [hwcaps])))].sort(compareText);
  const start = HEADER_BYTES + entries.length * ENTRY_BYTES;
  const strings = makeStrings([...entries.flatMap(({ soname, path }) => [soname, path]), ...used, ...names]);
  const offsetOf = (text: string): number => start + strings.offsets.get(text)!;
  const head = Buffer.alloc(start);
  const extension = Math.ceil((start + strings.bytes.length) / 4) * 4;
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(entries.length, 20);
  head.writeUInt32LE(strings.bytes.length, 24);
  head.writeUInt8(LITTLE_ENDIAN, 28);
  head.writeUInt32LE(extension, 32);
  for (const [index, { flags, soname, path, isaLevel, hwcaps }] of entries.entries()) {
    const at = HEADER_BYTES + index * ENTRY_BYTES;
    head.writeInt32LE(flags, at);
    head.writeUInt32LE(offsetOf(soname), at + 4);
    head.writeUInt32LE(offsetOf(path), at + 8);
    if (hwcaps === undefined) continue;
    head.writeBigUInt64LE(HWCAPS_BIT | (BigInt(isaLevel) << 32n) | BigInt(used.indexOf(hwcaps)), at + 16);
  }
  const padding = Buffer.alloc(extension - start - strings.bytes.length);
  return Buffer.concat([head, strings.bytes, padding, printExtensions(extension, used.map(offsetOf), generator)]);
}

function printExtensions(offset: number, names: readonly number[], generator: string): Buffer {
  const text = Buffer.from(generator);
  const count = names.length > 0 ? 2 : 1;
  const start = offset + 8 + count * 16;
  const words = [EXTENSION_MAGIC, count, GENERATOR_TAG, 0, start + names.length * 4, text.length];
  if (names.length > 0) words.push(HWCAPS_TAG, 0, start, names.length * 4);
  const head = Buffer.alloc((words.length + names.length) * 4);
  for (const [index, word] of [...words, ...names].entries()) head.writeUInt32LE(word, index * 4);
  return Buffer.concat([head, text]);
}

interface Strings {
  readonly bytes: Buffer;
  readonly offsets: ReadonlyMap<string, number>;
}

/** Texts sorted by their reversed bytes, greatest first and longer ones first, so that one that ends another lies within it. */
function makeStrings(texts: readonly string[]): Strings {
  const unique = [...new Set(texts)].map((text) => ({ text, reversed: Buffer.from(text).reverse() }));
  unique.sort((a, b) => Buffer.compare(b.reversed, a.reversed));
  const offsets = new Map<string, number>();
  const parts: Buffer[] = [];
  let previous = Buffer.alloc(0);
  let end = 0;
  for (const { text, reversed } of unique) {
    if (parts.length > 0 && previous.subarray(0, reversed.length).equals(reversed)) {
      offsets.set(text, end - 1 - reversed.length);
    } else {
      offsets.set(text, end);
      parts.push(Buffer.from(`${text}\0`));
      end += reversed.length + 1;
    }
    previous = reversed;
  }
  return { bytes: Buffer.concat(parts), offsets };
}

const compareText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** The order of a cache: _dl_cache_libcmp backwards, greater flags first, variants first. Equal ones keep the order that they were found in. */
export function compareEntries(a: CacheEntry, b: CacheEntry): number {
  const byName = compareLibraries(b.soname, a.soname);
  if (byName !== 0) return byName;
  if (a.flags !== b.flags) return b.flags - a.flags;
  if (a.hwcaps === undefined || b.hwcaps === undefined) {
    return Number(a.hwcaps === undefined) - Number(b.hwcaps === undefined);
  }
  return compareText(a.hwcaps, b.hwcaps);
}

/** _dl_cache_libcmp: runs of digits compare as numbers and stand behind everything else. */
export function compareLibraries(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length) {
    const isNumber = isDigit(a[i]);
    if (isNumber !== isDigit(b[j])) return isNumber ? 1 : -1;
    if (isNumber) {
      const [left, right] = [/^\d+/.exec(a.slice(i))![0], /^\d+/.exec(b.slice(j))![0]];
      if (toInt(left) !== toInt(right)) return toInt(left) - toInt(right);
      i += left.length;
      j += right.length;
    } else if (a[i] === b[j]) {
      i++;
      j++;
    } else return a.charCodeAt(i) - (b.charCodeAt(j) || 0);
  }
  return j < b.length ? -1 : 0;
}

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9';

/** An `int` of C, which goes round at 32 bits: some names hold dates. */
const toInt = (digits: string): number =>
  digits.split('').reduce((value, digit) => (Math.imul(value, 10) + Number(digit)) | 0, 0);
