// The prefix codes of DEFLATE: symbols of literals, lengths and distances, and codes from code lengths (RFC 1951, 3.2.2, 3.2.5, 3.2.6).

/** Longest code of literals and distances, in bits. */
export const MAX_CODE_BITS = 15;
export const END_OF_BLOCK = 256;

/** Code lengths by symbol of the fixed code (3.2.6). */
export const FIXED_LITERALS: Uint8Array = Uint8Array.from({ length: 288 }, (_, symbol) =>
  symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
);
export const FIXED_DISTANCES: Uint8Array = new Uint8Array(32).fill(5);

/** Extra bits behind the code of a length symbol, 257 to 285 (3.2.5). */
export function lengthExtra(symbol: number): number {
  return symbol < 265 || symbol === 285 ? 0 : (symbol - 261) >> 2;
}

/** Extra bits behind the code of a distance symbol (3.2.5). */
export function distanceExtra(symbol: number): number {
  return symbol < 4 ? 0 : (symbol - 2) >> 1;
}

/** The first code of each length, its first bit highest (3.2.2). */
function firstCodes(lengths: Uint8Array): Uint16Array {
  const codes = new Uint16Array(MAX_CODE_BITS + 2);
  for (const length of lengths) if (length > 0) codes[length + 1]!++;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) codes[bits + 1] = (codes[bits]! + codes[bits + 1]!) << 1;
  return codes;
}

/** The code of one symbol that has one, as it stands in the stream: its first bit lowest. */
export function codeOf(lengths: Uint8Array, symbol: number): number {
  const length = lengths[symbol]!;
  let code = firstCodes(lengths)[length]!;
  for (let other = 0; other < symbol; other++) if (lengths[other] === length) code++;
  return reverseBits(code, length);
}

function reverseBits(value: number, count: number): number {
  let reversed = 0;
  for (let i = 0; i < count; i++) reversed |= ((value >> i) & 1) << (count - 1 - i);
  return reversed;
}

/** Fills a flat table, indexed by the next bits of the stream, and returns the mask for these bits. 0 stands for no code. */
export function fillTable(
  lengths: Uint8Array,
  table: Uint16Array,
  valueOf: (symbol: number, length: number) => number,
): number {
  const size = 1 << lengths.reduce((max, length) => Math.max(max, length), 0);
  table.fill(0, 0, size);
  const next = firstCodes(lengths);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    const value = valueOf(symbol, length);
    for (let i = reverseBits(next[length]!++, length); i < size; i += 1 << length) table[i] = value;
  }
  return size - 1;
}
