// Exact numbers of bytes out of chunks of any size: formats that state lengths are read like this.

const NOTHING: Buffer = Buffer.alloc(0);

export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk = NOTHING;
  #offset = 0;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#source = bytes[Symbol.asyncIterator]();
  }

  /** Bytes taken and skipped so far. */
  get offset(): number {
    return this.#offset;
  }

  /** The next `length` bytes; fewer only where the source ends. May be a view of a larger buffer: copy what is kept. */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0 && (await this.#fill());) {
      const part = this.#cut(missing);
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** Leaves out `length` bytes and says how many there were; fewer only where the source ends. */
  async skip(length: number): Promise<number> {
    const start = this.#offset;
    while (this.#offset - start < length && (await this.#fill())) this.#cut(length - (this.#offset - start));
    return this.#offset - start;
  }

  /** Everything that is left, chunk by chunk. */
  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    while (await this.#fill()) yield this.#cut(this.#chunk.length);
  }

  /** Gives the last bytes back, to be taken again. */
  unread(bytes: Buffer): void {
    this.#chunk = Buffer.concat([bytes, this.#chunk]);
    this.#offset -= bytes.length;
  }

  /** Releases the source, wherever reading stopped. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  /** False at the end of the source. */
  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#source.next();
      if (done) return false;
      this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.length);
    }
    return true;
  }

  #cut(most: number): Buffer {
    const part = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(part.length);
    this.#offset += part.length;
    return part;
  }
}
