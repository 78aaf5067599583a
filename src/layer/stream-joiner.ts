// A content that is too long to be compressed at once becomes one DEFLATE stream all the same: of pieces, each compressed on its own.
import { crc32 } from 'node:zlib';
import { BitWriter, STORED_LIMIT_BYTES } from './bit-writer.ts';
import { BlockScanner } from './block-scanner.ts';
import { ByteWindow, memorySource } from './byte-window.ts';
import { compress } from './compress.ts';
import { Gather } from './gather.ts';
import type { Inflater } from './inflater.ts';
import type { Pace } from './pace.ts';
import { splice } from './splice.ts';

const BUFFER_BYTES = 1 << 18;

export class StreamJoiner {
  readonly #out: Gather;
  readonly #inflater: Inflater;
  readonly #pace: Pace;
  readonly #window = new ByteWindow();
  readonly #scanner = new BlockScanner(this.#window);
  readonly #dropped = new Gather(BUFFER_BYTES, () => {});
  #bits: BitWriter;

  /** @param out gets the streams, one after the other, each from a whole byte on */
  constructor(out: Gather, inflater: Inflater, pace: Pace) {
    this.#out = out;
    this.#inflater = inflater;
    this.#pace = pace;
    this.#bits = new BitWriter(out);
  }

  /** The next piece of the stream. What the compressor made of it is inflated once: to find its last block, and to be sure of it. */
  async add(bytes: Uint8Array): Promise<void> {
    const packed = compress(bytes);
    if (!packed) return this.#store(bytes);
    this.#window.open(memorySource(packed));
    const { crc32: found, starts } = await this.#inflater.inflate(
      this.#window,
      bytes.length,
      this.#dropped,
      this.#pace,
    );
    const block = starts ? this.#scanner.locate(starts) : this.#scanner.walk();
    if (!block || found !== crc32(bytes)) throw new Error('the compressor made something else of its input');
    splice(this.#bits, this.#window, block, (from, to) => {
      for (let at = from; at < to;) {
        const slice = this.#window.slice(at, to);
        this.#out.push(slice);
        at += slice.length;
      }
    });
  }

  /** Ends the stream; the next piece begins another. */
  end(): void {
    this.#bits.end();
    this.#bits = new BitWriter(this.#out);
  }

  #store(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += STORED_LIMIT_BYTES) {
      const block = bytes.subarray(at, at + STORED_LIMIT_BYTES);
      this.#bits.startStored(block.length);
      this.#out.push(block);
    }
  }
}
