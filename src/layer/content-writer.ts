// The contents of an archive in one file, in the form layers splice: long ones are compressed here, once; short ones wait for their neighbours.
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Digest } from '../core/digest.ts';
import type { HostRange } from '../filesystem/entry.ts';
import { unlessUnwritable } from './blob-writer.ts';
import { compress } from './compress.ts';
import { Gather } from './gather.ts';
import type { Inflater } from './inflater.ts';
import type { Pace } from './pace.ts';
import { StreamJoiner } from './stream-joiner.ts';

/** Shorter contents are left as they are: whoever packs a layer compresses many of them together, with the headers between them. */
const COMPRESS_FROM_BYTES = 8192;
/** Compressed at once; longer contents are joined of pieces of this size, so that memory stays flat. Decides the bytes: part of `DEB_FORMAT` and `PYTHON_FORMAT`. */
const PIECE_BYTES = 1 << 20;
const BUFFER_BYTES = 1 << 18;
/** How much longer decompressing xz and compressing take than inflating and hashing, for `Pace`. */
const EFFORT = 16;

export interface WrittenContent {
  readonly content: HostRange;
  /** In hex. */
  readonly md5: string;
}

export class ContentWriter {
  readonly #file: string;
  readonly #descriptor: number;
  readonly #hash = createHash('sha256');
  readonly #out = new Gather(BUFFER_BYTES, (bytes) => this.#write(bytes));
  readonly #pace: Pace;
  readonly #joiner: StreamJoiner;
  #written = 0;

  /** @param file host path, must not exist. Throws `CACHE_UNWRITABLE`, here and later, and `DISK_FULL`. */
  constructor(file: string, inflater: Inflater, pace: Pace) {
    this.#file = file;
    this.#descriptor = unlessUnwritable(file, () => openSync(file, 'wx'));
    this.#pace = pace;
    this.#joiner = new StreamJoiner(this.#out, inflater, pace);
  }

  /** @param take gives the next bytes of the content, as many as are asked for */
  async add(size: number, take: (length: number) => Promise<Buffer>): Promise<WrittenContent> {
    const offset = this.#position;
    const md5 = createHash('md5');
    const next = async (length: number): Promise<Buffer> => {
      const bytes = await take(length);
      md5.update(bytes);
      await this.#pace(length, length * EFFORT);
      return bytes;
    };
    const stored = size > PIECE_BYTES ? await this.#addPieces(size, next) : this.#addWhole(await next(size));
    const length = this.#position - offset;
    return { content: { kind: 'range', file: this.#file, offset, length, size, ...stored }, md5: md5.digest('hex') };
  }

  /** The digest of the file, or undefined when there is nothing in it. */
  finish(): Digest | undefined {
    this.#out.flush();
    closeSync(this.#descriptor);
    return this.#written === 0 ? undefined : `sha256:${this.#hash.digest('hex')}`;
  }

  /** Instead of `finish`; the file is left to whoever owns its folder. */
  discard(): void {
    closeSync(this.#descriptor);
  }

  get #position(): number {
    return this.#written + this.#out.at;
  }

  #addWhole(bytes: Buffer): Pick<HostRange, 'encoding' | 'crc32'> {
    const isShort = bytes.length < COMPRESS_FROM_BYTES;
    const packed = isShort ? undefined : compress(bytes);
    this.#out.push(packed ?? bytes);
    return { encoding: packed ? 'deflate' : 'identity', ...(!isShort && { crc32: crc32(bytes) }) };
  }

  async #addPieces(
    size: number,
    next: (length: number) => Promise<Buffer>,
  ): Promise<Pick<HostRange, 'encoding' | 'crc32'>> {
    let crc = 0;
    for (let left = size; left > 0;) {
      const piece = await next(Math.min(left, PIECE_BYTES));
      crc = crc32(piece, crc);
      await this.#joiner.add(piece);
      left -= piece.length;
    }
    this.#joiner.end();
    return { encoding: 'deflate', crc32: crc };
  }

  #write(bytes: Buffer): void {
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length;)
      at += unlessUnwritable(this.#file, () => writeSync(this.#descriptor, bytes, at, bytes.length - at));
    this.#written += bytes.length;
  }
}
