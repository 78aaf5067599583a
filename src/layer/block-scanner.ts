// Finds where the last block of a DEFLATE stream starts and ends, to the bit, without producing its output.
import { HEADER_BYTES, readBits, readBlockHeader } from './block-header.ts';
import type { BlockHeader } from './block-header.ts';
import type { ByteWindow } from './byte-window.ts';
import { PADDING_BYTES } from './byte-window.ts';
import { END_OF_BLOCK, MAX_CODE_BITS, codeOf, distanceExtra, fillTable, lengthExtra } from './prefix-code.ts';

/** Bits from the start of the stream; the block's BFINAL bit stands at `start`. */
export interface LastBlock {
  readonly start: number;
  readonly end: number;
}

type CodedHeader = Exclude<BlockHeader, { type: 'stored' }>;

/** A table value is the number of bits to skip, code and extra bits, with one of these marks. */
const MATCH = 0x100;
const END = 0x200;
/** How far the symbol loop looks ahead, in bytes: 15 + 5 bits of a length, 15 + 13 bits of a distance. */
const LOOK_AHEAD_BYTES = 8;
/** The symbol loop met a code that does not exist. */
const NO_CODE = Number.NaN;

export class BlockScanner {
  readonly #window: ByteWindow;
  readonly #literals = new Uint16Array(1 << MAX_CODE_BITS);
  readonly #distances = new Uint16Array(1 << MAX_CODE_BITS);

  constructor(window: ByteWindow) {
    this.#window = window;
  }

  /**
   * The last block of a stream that was inflated and takes all bytes of the window's source.
   * @param starts positions in bytes such that the last block starts within the 8 bits up to one of them
   */
  locate(starts: readonly number[]): LastBlock | undefined {
    const candidates = this.#isFinal(0) ? [0] : starts.flatMap(bitsUpTo);
    const found = candidates.flatMap((bit) => this.#lastBlockAt(bit) ?? []);
    return found.length === 1 ? found[0] : this.walk();
  }

  /** The same answer from decoding all blocks, one after the other; undefined when the bytes are no DEFLATE stream. */
  walk(): LastBlock | undefined {
    for (let start = 0; ;) {
      const header = this.#headerAt(start);
      if (!header) return undefined;
      const end = header.type === 'stored' ? header.end : this.#skipBody(header);
      if (end === undefined || end > this.#window.total * 8) return undefined;
      if (header.final) return { start, end };
      start = end;
    }
  }

  /**
   * A block that may be the last and start here. It is the last if nothing else may be: every test here is one that the last block
   * passes. So its end need not be decoded when only one of the last 8 bits has the end-of-block code before it.
   */
  #lastBlockAt(start: number): LastBlock | undefined {
    const header = this.#isFinal(start) ? this.#headerAt(start) : undefined;
    if (!header) return undefined;
    const last = this.#window.total * 8;
    if (header.type === 'stored') return header.end === last ? { start, end: last } : undefined;
    const ends = header.type === 'fixed' ? undefined : this.#possibleEnds(header);
    if (ends?.length === 0) return undefined;
    const end = ends?.length === 1 ? ends[0] : this.#skipBody(header);
    return end !== undefined && end > last - 8 && end <= last ? { start, end } : undefined;
  }

  /** Bits of the last byte behind which the block may end, since its end-of-block code stands before them. */
  #possibleEnds(header: CodedHeader): number[] {
    const length = header.literals[END_OF_BLOCK]!;
    const code = codeOf(header.literals, END_OF_BLOCK);
    const last = this.#window.total * 8;
    return bitsUpTo(this.#window.total).filter(
      (end) => end > last - 8 && end - length >= header.body && this.#bits(end - length, length) === code,
    );
  }

  /** Decodes symbols up to the end of the block; returns the bit behind it. */
  #skipBody(header: CodedHeader): number | undefined {
    const literalMask = fillTable(header.literals, this.#literals, (symbol, length) => {
      if (symbol < END_OF_BLOCK) return length;
      return symbol === END_OF_BLOCK ? length | END : (length + lengthExtra(symbol)) | MATCH;
    });
    const distanceMask = fillTable(
      header.distances,
      this.#distances,
      (symbol, length) => length + distanceExtra(symbol),
    );
    const window = this.#window;
    for (let bit = header.body; bit <= window.total * 8;) {
      const at = this.#seek(bit, PADDING_BYTES);
      const atEnd = window.base + window.length === window.total;
      const limit = window.length + (atEnd ? LOOK_AHEAD_BYTES : -LOOK_AHEAD_BYTES);
      const stop = skipSymbols(window.bytes, at, limit, this.#literals, literalMask, this.#distances, distanceMask);
      if (Number.isNaN(stop)) return undefined;
      if (stop >= 0) return window.base * 8 + stop;
      bit = window.base * 8 - stop;
    }
    return undefined;
  }

  #headerAt(bit: number): BlockHeader | undefined {
    const at = this.#seek(bit, HEADER_BYTES);
    const header = readBlockHeader(this.#window.bytes, at);
    if (!header) return undefined;
    const base = this.#window.base * 8;
    return header.type === 'stored' ? { ...header, end: base + header.end } : { ...header, body: base + header.body };
  }

  #isFinal(bit: number): boolean {
    return this.#bits(bit, 1) === 1;
  }

  #bits(bit: number, count: number): number {
    return readBits(this.#window.bytes, this.#seek(bit, 3), count);
  }

  /** Bits count from the start of the stream, and of a large one they exceed 32 bits; within the window they do not. */
  #seek(bit: number, bytes: number): number {
    return this.#window.seek(Math.floor(bit / 8), bytes) * 8 + (bit % 8);
  }
}

function bitsUpTo(byte: number): number[] {
  return Array.from({ length: 8 }, (_, back) => byte * 8 - back).filter((bit) => bit >= 0);
}

/**
 * The hot loop: from bit `at` to the end of the block, whose next bit it returns, or to the byte `limit`, where it returns the bit negated.
 * Everything it touches is a local, since a closure variable costs half of its speed.
 */
function skipSymbols(
  bytes: Uint8Array,
  from: number,
  limit: number,
  literals: Uint16Array,
  literalMask: number,
  distances: Uint16Array,
  distanceMask: number,
): number {
  let at = from;
  for (;;) {
    let byte = at >>> 3;
    if (byte >= limit) return -at;
    let word = (bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16)) >>> (at & 7);
    const literal = literals[word & literalMask]!;
    if (literal === 0) return NO_CODE;
    at += literal & 0xff;
    if (literal < MATCH) continue;
    if (literal >= END) return at;
    byte = at >>> 3;
    word = (bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16)) >>> (at & 7);
    const distance = distances[word & distanceMask]!;
    if (distance === 0) return NO_CODE;
    at += distance;
  }
}
