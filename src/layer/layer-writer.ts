// Turns the members of a tar into parts of its gzip stream: what is compressed already is passed on, the rest is gathered and compressed.
import { crc32 } from 'node:zlib';
import { ImageSpecError } from '../core/error.ts';
import type { FileContent, HostRange } from '../filesystem/entry.ts';
import type { ByteSource } from './byte-window.ts';
import { memorySource } from './byte-window.ts';
import { compress } from './compress.ts';
import type { GzipWriter, Part } from './gzip-writer.ts';
import type { HostFiles } from './host-files.ts';
import type { TarMember } from './order.ts';
import type { Pace } from './pace.ts';
import { TAR_BLOCK } from '../filesystem/tar-fields.ts';
import { paddingOf, tarHeader } from './tar.ts';

/** Bytes that are compressed at once; a large file becomes independent blocks of this size, so that memory stays flat. */
const OWN_BYTES = 1 << 20;
/** How much longer compressing takes than inflating and hashing. */
const COMPRESSION_EFFORT = 12;
const END_OF_TAR = Buffer.alloc(2 * TAR_BLOCK);
const PADDING = Buffer.alloc(TAR_BLOCK);

export class LayerWriter {
  readonly #gzip: GzipWriter;
  readonly #files: HostFiles;
  readonly #pace: Pace;
  /** Headers, padding and contents that are not compressed yet. */
  readonly #own = Buffer.allocUnsafeSlow(OWN_BYTES);
  #ownLength = 0;
  #ownHasContent = false;

  constructor(gzip: GzipWriter, files: HostFiles, pace: Pace) {
    this.#gzip = gzip;
    this.#files = files;
    this.#pace = pace;
  }

  /** One after the other, in order. Throws `FILE_CHANGED`, `WHEEL_INVALID`, `ABORTED`, and what writing literals throws. */
  async add({ path, header, content }: TarMember): Promise<void> {
    await this.#gather(memorySource(tarHeader(header)), false);
    if (content) await this.#addContent(content, path);
    await this.#gather(memorySource(PADDING.subarray(0, paddingOf(header.size))), false);
  }

  /** The end of the tar, after the last member. */
  async end(): Promise<void> {
    await this.#gather(memorySource(END_OF_TAR), false);
    await this.#flush();
  }

  async #addContent(content: FileContent, path: string): Promise<void> {
    if (content.kind === 'inline') return this.#gather(memorySource(content.bytes), true);
    const part = this.#partOf(content, path);
    if (content.encoding === 'identity' && content.crc32 === undefined) await this.#gather(part, true);
    else {
      await this.#flush();
      await (content.encoding === 'deflate' ? this.#gzip.addDeflated(part) : this.#gzip.addStored(part));
    }
    this.#files.check(content);
  }

  #partOf(range: HostRange, path: string): Part {
    const { file, offset, length, size, crc32 } = range;
    return {
      length,
      size,
      crc32,
      range,
      read: (into, intoAt, at, count) => this.#files.read(file, offset + at, into, intoAt, count),
      damaged: (why) => damaged(file, path, why),
    };
  }

  async #gather(source: ByteSource, isContent: boolean): Promise<void> {
    for (let at = 0; at < source.length;) {
      if (this.#ownLength === OWN_BYTES) await this.#flush();
      const count = Math.min(source.length - at, OWN_BYTES - this.#ownLength);
      source.read(this.#own, this.#ownLength, at, count);
      this.#ownLength += count;
      this.#ownHasContent ||= isContent;
      at += count;
    }
  }

  async #flush(): Promise<void> {
    const own = this.#own.subarray(0, this.#ownLength);
    const hasContent = this.#ownHasContent;
    this.#ownLength = 0;
    this.#ownHasContent = false;
    if (own.length === 0) return;
    await this.#pace(0, own.length * (hasContent ? COMPRESSION_EFFORT : 1));
    if (!hasContent) return this.#gzip.addRuns(own);
    const packed = compress(own);
    const about = { size: own.length, crc32: crc32(own) };
    await (packed
      ? this.#gzip.addDeflated({ ...memorySource(packed), ...about })
      : this.#gzip.addStored({ ...memorySource(own), ...about }));
  }
}

function damaged(file: string, path: string, why: string): ImageSpecError {
  return new ImageSpecError('WHEEL_INVALID', `${path} in ${file} is damaged: ${why}`, {
    hint: 'Remove this file and build again, so that it is fetched anew; if that does not help, the package itself is broken.',
    facts: { file, path },
  });
}
