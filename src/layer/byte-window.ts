// A view that moves over a long string of bytes, so that none is ever in memory whole.

/** Bytes in memory at once; nearly all members of wheels fit. */
const WINDOW_BYTES = 1 << 18;
/** Zeros behind the last byte, so that bit readers may look a little ahead. */
export const PADDING_BYTES = 16;

export interface ByteSource {
  readonly length: number;
  readonly read: (into: Uint8Array, intoAt: number, at: number, length: number) => void;
  /** The error to throw when the bytes are not what they should be. @param why goes on after "is damaged: " */
  readonly damaged: (why: string) => Error;
}

/** A source in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    read: (into, intoAt, at, length) => into.set(bytes.subarray(at, at + length), intoAt),
    damaged: (why) => new Error(`bytes in memory are damaged: ${why}`),
  };
}

export class ByteWindow {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES + PADDING_BYTES);
  /** Position of `bytes[0]` in the source. */
  base = 0;
  /** Bytes of the source that are in `bytes`. */
  length = 0;
  /** Bytes of the source. */
  total = 0;
  #source: ByteSource | undefined;

  /** Reads the first bytes of a source. */
  open(source: ByteSource): void {
    this.#source = source;
    this.total = source.length;
    this.#load(0);
  }

  /** Makes sure that `count` bytes from `at` on are there, or all up to the end, and returns where `at` is in `bytes`. */
  seek(at: number, count: number): number {
    const end = Math.min(at + count, this.total);
    if (at < this.base || end > this.base + this.length) this.#load(at);
    return at - this.base;
  }

  /** The bytes from `at` on that are there, at least one and at most up to `end`. */
  slice(at: number, end: number): Buffer {
    const from = this.seek(at, 1);
    return this.bytes.subarray(from, Math.min(end - this.base, this.length));
  }

  damaged(why: string): Error {
    return this.#source?.damaged(why) ?? new Error(why);
  }

  #load(at: number): void {
    this.base = at;
    this.length = Math.min(WINDOW_BYTES, this.total - at);
    this.#source?.read(this.bytes, 0, at, this.length);
    this.bytes.fill(0, this.length, this.length + PADDING_BYTES);
  }
}
