// Names met while an index is read, as numbers: a Packages file mentions a million names, and a string for each would cost more than all the rest.
import type { ByteBuffer } from './byte-buffer.ts';

const FIRST_NAMES = 1 << 12;
const FIRST_BYTES = 1 << 16;
const FREE = -1;

export class NameTable {
  /** Open addressing: at most half of the slots are taken. */
  #slots = new Int32Array(2 * FIRST_NAMES).fill(FREE);
  #hashes = new Int32Array(FIRST_NAMES);
  #ends = new Uint32Array(FIRST_NAMES);
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The number of the name that stands there; new names get the next one, from 0 on. */
  add(bytes: Uint8Array, from: number, to: number): number {
    // FNV-1a
    let hash = 0x811c9dc5;
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const known = this.#slots[slot]!;
      if (known === FREE) return this.#insert(slot, hash, bytes, from, to);
      if (this.#hashes[known] === hash && this.#isEqual(known, bytes, from, to)) return known;
    }
  }

  writeTo(into: ByteBuffer, number: number): void {
    into.push(this.#bytes, this.#start(number), this.#ends[number]!);
  }

  /** As Latin-1. */
  text(number: number): string {
    return this.#bytes.toString('latin1', this.#start(number), this.#ends[number]);
  }

  #isEqual(number: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#start(number);
    if (this.#ends[number]! - start !== to - from) return false;
    for (let at = from, own = start; at < to; at++, own++) if (bytes[at] !== this.#bytes[own]) return false;
    return true;
  }

  #start(number: number): number {
    return number === 0 ? 0 : this.#ends[number - 1]!;
  }

  #insert(slot: number, hash: number, bytes: Uint8Array, from: number, to: number): number {
    const number = this.#count++;
    const start = this.#start(number);
    const end = start + to - from;
    if (end > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * end);
    for (let at = from, own = start; at < to; at++, own++) this.#bytes[own] = bytes[at]!;
    this.#ends[number] = end;
    this.#hashes[number] = hash;
    this.#slots[slot] = number;
    if (this.#count === this.#ends.length) this.#grow();
    return number;
  }

  #grow(): void {
    const room = 2 * this.#count;
    const ends = new Uint32Array(room);
    const hashes = new Int32Array(room);
    ends.set(this.#ends);
    hashes.set(this.#hashes);
    const slots = new Int32Array(2 * room).fill(FREE);
    for (let number = 0; number < this.#count; number++) {
      let slot = hashes[number]! & (slots.length - 1);
      while (slots[slot] !== FREE) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = number;
    }
    this.#ends = ends;
    this.#hashes = hashes;
    this.#slots = slots;
  }
}
