// The header of one DEFLATE block (RFC 1951, 3.2.3 to 3.2.7), accepted exactly when an inflater would accept it.
import { END_OF_BLOCK, FIXED_DISTANCES, FIXED_LITERALS, MAX_CODE_BITS, fillTable } from './prefix-code.ts';

export type BlockHeader =
  | { readonly type: 'stored'; readonly final: boolean; /** Bit behind the block. */ readonly end: number }
  | {
      readonly type: 'fixed' | 'dynamic';
      readonly final: boolean;
      /** First bit behind the header. */
      readonly body: number;
      /** Code lengths by symbol, 0 for unused ones. */
      readonly literals: Uint8Array;
      readonly distances: Uint8Array;
    };

/** Bytes that a header takes at most: 17 bits, 19 lengths of 3 bits, and 316 lengths of at most 14 bits. */
export const HEADER_BYTES = 600;
const MAX_PRECODE_BITS = 7;
const MAX_LITERALS = 286;
const MAX_DISTANCES = 30;
/** Order in which the lengths of the code length code are sent (3.2.7). */
const PRECODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;

/** `count` bits (at most 16) from bit `at` on, the first one lowest. */
export function readBits(bytes: Uint8Array, at: number, count: number): number {
  const byte = at >>> 3;
  const word = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16);
  return (word >>> (at & 7)) & ((1 << count) - 1);
}

/** Reads a header at bit `at`; undefined when there is none. Near the end of the bytes the caller checks that it lies within them. */
export function readBlockHeader(bytes: Uint8Array, at: number): BlockHeader | undefined {
  const final = readBits(bytes, at, 1) === 1;
  const type = readBits(bytes, at + 1, 2);
  if (type === 0) return readStored(bytes, at + 3, final);
  if (type === 1) return { type: 'fixed', final, body: at + 3, literals: FIXED_LITERALS, distances: FIXED_DISTANCES };
  if (type === 2) return readDynamic(bytes, at + 3, final);
  return undefined;
}

function readStored(bytes: Uint8Array, at: number, final: boolean): BlockHeader | undefined {
  const aligned = (at + 7) & ~7;
  const length = readBits(bytes, aligned, 16);
  if ((length ^ readBits(bytes, aligned + 16, 16)) !== 0xffff) return undefined;
  return { type: 'stored', final, end: aligned + 32 + 8 * length };
}

function readDynamic(bytes: Uint8Array, at: number, final: boolean): BlockHeader | undefined {
  const literalCount = 257 + readBits(bytes, at, 5);
  const distanceCount = 1 + readBits(bytes, at + 5, 5);
  const precodeCount = 4 + readBits(bytes, at + 10, 4);
  if (literalCount > MAX_LITERALS || distanceCount > MAX_DISTANCES) return undefined;
  const precode = new Uint8Array(PRECODE_ORDER.length);
  for (let i = 0; i < precodeCount; i++) precode[PRECODE_ORDER[i]!] = readBits(bytes, at + 14 + 3 * i, 3);
  const lengths = new Uint8Array(literalCount + distanceCount);
  const body = readLengths(bytes, at + 14 + 3 * precodeCount, precode, lengths);
  if (body === undefined) return undefined;
  const literals = lengths.subarray(0, literalCount);
  const distances = lengths.subarray(literalCount);
  if (literals[END_OF_BLOCK] === 0 || !isUsable(literals) || !isUsable(distances)) return undefined;
  return { type: 'dynamic', final, body, literals, distances };
}

/** Decodes the code lengths (3.2.7); returns the bit behind them. */
function readLengths(bytes: Uint8Array, from: number, precode: Uint8Array, lengths: Uint8Array): number | undefined {
  if (unusedCodes(precode) !== 0) return undefined;
  const table = new Uint16Array(1 << MAX_PRECODE_BITS);
  const mask = fillTable(precode, table, (symbol, length) => (symbol << 4) | length);
  let at = from;
  for (let i = 0; i < lengths.length;) {
    const found = table[readBits(bytes, at, MAX_PRECODE_BITS) & mask]!;
    const symbol = found >> 4;
    at += found & 15;
    if (symbol < 16) {
      lengths[i++] = symbol;
      continue;
    }
    const [base, extra] = symbol === 16 ? [3, 2] : symbol === 17 ? [3, 3] : [11, 7];
    const repeat = base + readBits(bytes, at, extra);
    at += extra;
    if (i + repeat > lengths.length || (symbol === 16 && i === 0)) return undefined;
    lengths.fill(symbol === 16 ? lengths[i - 1]! : 0, i, i + repeat);
    i += repeat;
  }
  return at;
}

/** Complete, or the one incomplete form that inflaters allow: at most one code, of one bit. */
function isUsable(lengths: Uint8Array): boolean {
  const unused = unusedCodes(lengths);
  return unused === 0 || (unused > 0 && lengths.every((length) => length <= 1));
}

/** How many codes of the greatest length are left over; negative when more are used than exist. */
function unusedCodes(lengths: Uint8Array): number {
  let left = 1 << MAX_CODE_BITS;
  for (const length of lengths) if (length > 0) left -= 1 << (MAX_CODE_BITS - length);
  return left;
}
