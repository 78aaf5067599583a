// Hashes and files cost least per byte in large writes: this buffer gathers small ones.

export class Gather {
  readonly buffer: Buffer;
  /** Bytes gathered so far. A producer may write behind them itself and move this on. */
  at = 0;
  readonly #sink: (bytes: Buffer) => void;

  /** @param sink gets views of the one buffer, valid only during the call */
  constructor(size: number, sink: (bytes: Buffer) => void) {
    this.buffer = Buffer.allocUnsafeSlow(size);
    this.#sink = sink;
  }

  push(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      if (this.at === this.buffer.length) this.flush();
      const count = Math.min(bytes.length - from, this.buffer.length - this.at);
      this.buffer.set(count === bytes.length ? bytes : bytes.subarray(from, from + count), this.at);
      this.at += count;
      from += count;
    }
  }

  byte(value: number): void {
    if (this.at === this.buffer.length) this.flush();
    this.buffer[this.at++] = value;
  }

  flush(): void {
    if (this.at > 0) this.#sink(this.buffer.subarray(0, this.at));
    this.at = 0;
  }
}
