// One ordinary gzip member for a whole tar: streams that exist already are spliced in as they are, only their BFINAL bits cleared,
// which is sound because no stream refers to bytes before its own start. The tar is hashed on the way, each byte inflated once.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Digest } from '../core/digest.ts';
import type { HostRange } from '../filesystem/entry.ts';
import { BitWriter, STORED_LIMIT_BYTES } from './bit-writer.ts';
import type { BlobWriter, WrittenBlob } from './blob-writer.ts';
import { BlockScanner } from './block-scanner.ts';
import type { ByteSource } from './byte-window.ts';
import { ByteWindow } from './byte-window.ts';
import { combineCrc32 } from './crc32.ts';
import { Gather } from './gather.ts';
import type { Inflater } from './inflater.ts';
import { TRAILING, WRONG_CRC } from './inflater.ts';
import type { Pace } from './pace.ts';
import { splice } from './splice.ts';

/** RFC 1952, 2.3: no name, no time, no extra flags, operating system unknown. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const TAR_BUFFER_BYTES = 1 << 18;
/** Ranges with fewer bytes are copied to the literals: a piece of their own would cost more to note and read. */
const COPY_BELOW_BYTES = 4096;

export interface WrittenLayer extends WrittenBlob {
  readonly diffId: Digest;
  /** Bytes of the tar. */
  readonly uncompressedSize: number;
}

/** Bytes of the tar, as they are or deflated. */
export interface Part extends ByteSource {
  /** Number of them, inflated. */
  readonly size: number;
  readonly crc32: number | undefined;
  /** Where they stand for good, so that the recipe can refer to them; else they are copied. */
  readonly range?: HostRange;
}

export class GzipWriter {
  readonly #blob: BlobWriter;
  readonly #inflater: Inflater;
  readonly #pace: Pace;
  readonly #bits: BitWriter;
  readonly #window = new ByteWindow();
  readonly #scanner = new BlockScanner(this.#window);
  readonly #diffHash = createHash('sha256');
  readonly #tar = new Gather(TAR_BUFFER_BYTES, (bytes) => this.#diffHash.update(bytes));
  #crc = 0;
  #size = 0;

  constructor(blob: BlobWriter, inflater: Inflater, pace: Pace) {
    this.#blob = blob;
    this.#inflater = inflater;
    this.#pace = pace;
    this.#bits = new BitWriter(blob.literals);
    blob.literals.push(GZIP_HEADER);
  }

  /** Adds bytes that are mostly zeros: headers and padding. */
  addRuns(bytes: Uint8Array): void {
    this.#tar.push(bytes);
    this.#count(crc32(bytes), bytes.length);
    this.#bits.putRuns(bytes);
  }

  /** Adds bytes as they are. */
  async addStored(part: Part): Promise<void> {
    this.#window.open(part);
    let crc = 0;
    for (let at = 0; at < part.length;) {
      const end = Math.min(at + STORED_LIMIT_BYTES, part.length);
      this.#window.seek(at, end - at);
      const bytes = this.#window.slice(at, end);
      crc = crc32(bytes, crc);
      this.#tar.push(bytes);
      this.#bits.startStored(bytes.length);
      this.#copy(part, at, end);
      at = end;
      await this.#pace(bytes.length);
    }
    this.#finishPart(part, crc);
  }

  /** Adds bytes that stand in a raw DEFLATE stream. Throws `part.damaged` when the stream is not what was announced. */
  async addDeflated(part: Part): Promise<void> {
    this.#window.open(part);
    const { crc32, starts } = await this.#inflater.inflate(this.#window, part.size, this.#tar, this.#pace);
    const block = starts ? this.#scanner.locate(starts) : this.#scanner.walk();
    if (!block || Math.ceil(block.end / 8) !== part.length) throw part.damaged(TRAILING);
    this.#finishPart(part, crc32);
    if (part.size > 0) splice(this.#bits, this.#window, block, (from, to) => this.#copy(part, from, to));
  }

  finish(): WrittenLayer {
    this.#tar.flush();
    this.#bits.end();
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#size % 2 ** 32, 4);
    this.#blob.literals.push(trailer);
    const diffId: Digest = `sha256:${this.#diffHash.digest('hex')}`;
    return { ...this.#blob.finish(), diffId, uncompressedSize: this.#size };
  }

  /** Bytes of the part become bytes of the blob. */
  #copy(part: Part, from: number, to: number): void {
    for (let at = from; at < to;) {
      const bytes = this.#window.slice(at, to);
      if (part.range && part.length >= COPY_BELOW_BYTES)
        this.#blob.range(part.range.file, part.range.offset + at, bytes);
      else this.#blob.literals.push(bytes);
      at += bytes.length;
    }
  }

  #finishPart(part: Part, crc: number): void {
    if (part.crc32 !== undefined && part.crc32 !== crc) throw part.damaged(WRONG_CRC);
    this.#count(crc, part.size);
  }

  #count(crc: number, length: number): void {
    this.#crc = combineCrc32(this.#crc, crc, length);
    this.#size += length;
  }
}
