// Bytes that are written one after the other into one buffer, which is the result: nothing is put together at the end, and so nothing is there twice.

export class ByteBuffer {
  #bytes: Buffer;
  #length = 0;

  /** @param roomBytes what it will hold, as far as that is known: pages that are never written cost nothing */
  constructor(roomBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(roomBytes);
  }

  /** Until it grows again. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Makes it longer; returns where the new bytes begin, which are to be written. */
  grow(size: number): number {
    const start = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * this.#length);
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    return start;
  }

  /** As u32, little endian. */
  pushWords(values: ArrayLike<number>): void {
    let at = this.grow(4 * values.length);
    for (let index = 0; index < values.length; index++) at = this.#bytes.writeUInt32LE(values[index]!, at);
  }

  push(bytes: Buffer, from: number, to: number): void {
    const start = this.grow(to - from);
    bytes.copy(this.#bytes, start, from, to);
  }

  written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
