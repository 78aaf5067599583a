// Writes DEFLATE blocks of our own: tar headers as runs of equal bytes, stored bytes, and the seams between spliced streams.
import type { Gather } from './gather.ts';
import { END_OF_BLOCK, FIXED_LITERALS, codeOf, lengthExtra } from './prefix-code.ts';

/** Bytes that one stored block holds at most (RFC 1951, 3.2.4). */
export const STORED_LIMIT_BYTES = 65_535;

const MIN_MATCH = 3;
const MAX_MATCH = 258;

const FIXED_CODES = Uint16Array.from(FIXED_LITERALS, (_, symbol) => codeOf(FIXED_LITERALS, symbol));
const FIRST_LENGTH = 257;
const LAST_LENGTH = 285;
/** Shortest match of each length symbol (3.2.5). */
const LENGTH_BASES: readonly number[] = (() => {
  const bases = [MIN_MATCH];
  for (let symbol = FIRST_LENGTH; symbol < LAST_LENGTH - 1; symbol++)
    bases.push(bases.at(-1)! + (1 << lengthExtra(symbol)));
  return [...bases, MAX_MATCH];
})();

export class BitWriter {
  readonly #out: Gather;
  #hold = 0;
  #count = 0;

  constructor(out: Gather) {
    this.#out = out;
  }

  /** Writes the `count` lowest bits (at most 16) of `value`, the lowest first. */
  put(value: number, count: number): void {
    this.#hold |= value << this.#count;
    this.#count += count;
    while (this.#count >= 8) {
      this.#out.byte(this.#hold & 0xff);
      this.#hold >>>= 8;
      this.#count -= 8;
    }
  }

  /** Goes on at a whole byte, by an empty stored block if need be. */
  align(): void {
    if (this.#count > 0) this.startStored(0);
  }

  /** The header of a stored block; its bytes follow. */
  startStored(length: number): void {
    this.put(0, 3);
    this.#pad();
    this.put(length, 16);
    this.put(length ^ 0xffff, 16);
  }

  /** A block of the fixed code in which only runs of equal bytes are matches: tar headers become a quarter, at no cost. */
  putRuns(bytes: Uint8Array): void {
    this.put(0b010, 3);
    for (let at = 0; at < bytes.length;) {
      const value = bytes[at]!;
      let end = at + 1;
      while (end < bytes.length && bytes[end] === value) end++;
      this.#run(value, end - at);
      at = end;
    }
    this.#symbol(END_OF_BLOCK);
  }

  /** The last block, empty. */
  end(): void {
    this.put(0b011, 3);
    this.#symbol(END_OF_BLOCK);
    this.#pad();
  }

  #run(value: number, length: number): void {
    this.#symbol(value);
    let left = length - 1;
    while (left >= MIN_MATCH) left -= this.#match(left);
    while (left-- > 0) this.#symbol(value);
  }

  /** A match at distance 1, leaving no rest that is too short for a match. */
  #match(wanted: number): number {
    const rest = wanted - MAX_MATCH;
    const length = rest > 0 && rest < MIN_MATCH ? wanted - MIN_MATCH : Math.min(wanted, MAX_MATCH);
    let symbol = LAST_LENGTH;
    while (LENGTH_BASES[symbol - FIRST_LENGTH]! > length) symbol--;
    this.#symbol(symbol);
    this.put(length - LENGTH_BASES[symbol - FIRST_LENGTH]!, lengthExtra(symbol));
    this.put(0, 5);
    return length;
  }

  #symbol(symbol: number): void {
    this.put(FIXED_CODES[symbol]!, FIXED_LITERALS[symbol]!);
  }

  #pad(): void {
    if (this.#count > 0) this.put(0, 8 - this.#count);
  }
}
