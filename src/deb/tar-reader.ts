// The tar archives in a package, entry by entry; whoever reads takes each content at once or leaves it.
import { ByteReader } from '../filesystem/byte-reader.ts';
import type { Refuse } from '../filesystem/layer-error.ts';
import { isZero, parseText, TAR_BLOCK } from '../filesystem/tar-fields.ts';
import type { TarHeader, TarType } from './tar-header.ts';
import { parseTarHeader } from './tar-header.ts';

/** PATH_MAX with its NUL. */
const LONG_NAME_BYTES = 4096;

export type TarEntry = Omit<TarHeader, 'type'> & { readonly type: TarType };

export class TarReader {
  readonly #reader: ByteReader;
  readonly #refuse: Refuse;
  /** Of the content, bytes that nobody has taken yet; and of the padding behind it. */
  #left = 0;
  #padding = 0;

  constructor(bytes: AsyncIterable<Uint8Array>, refuse: Refuse) {
    this.#reader = new ByteReader(bytes);
    this.#refuse = refuse;
  }

  /** The next entry, or undefined at the end, behind which there may be nothing but zeros. */
  async next(): Promise<TarEntry | undefined> {
    let name: string | undefined;
    let target: string | undefined;
    for (;;) {
      await this.#skipContent();
      const header = parseTarHeader(await this.#take(TAR_BLOCK), this.#refuse);
      if (!header) {
        if (name !== undefined || target !== undefined) throw this.#refuse('ends behind a long name without an entry');
        await this.#expectZeros();
        return undefined;
      }
      const entry = { ...header, name: name ?? header.name, type: typeOf(header.type, name) };
      this.#open(entry);
      if (entry.type === 'longName') name = await this.#longText();
      else if (entry.type === 'longTarget') target = await this.#longText();
      else return { ...entry, type: entry.type, target: target ?? header.target };
    }
  }

  /** The next bytes of the content, as many as are asked for; valid until the next call. */
  async take(length: number): Promise<Buffer> {
    if (length > this.#left) throw new Error('more is asked for than the entry has');
    const bytes = await this.#take(length);
    this.#left -= length;
    return bytes;
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  #open({ name, type, size }: TarHeader): void {
    const hasContent = type === 'file' || type === 'longName' || type === 'longTarget';
    if (size < 0 || (size > 0 && !hasContent))
      throw this.#refuse(`holds an entry that says it has content of ${size} bytes: ${JSON.stringify(name)}`);
    this.#left = size;
    this.#padding = (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
  }

  async #longText(): Promise<string> {
    if (this.#left > LONG_NAME_BYTES) throw this.#refuse(`holds a name of more than ${LONG_NAME_BYTES} bytes`);
    return parseText(await this.take(this.#left), this.#refuse);
  }

  async #skipContent(): Promise<void> {
    const length = this.#left + this.#padding;
    this.#left = 0;
    this.#padding = 0;
    if ((await this.#reader.skip(length)) < length) throw this.#truncated();
  }

  async #take(length: number): Promise<Buffer> {
    const bytes = await this.#reader.take(length);
    if (bytes.length < length) throw this.#truncated();
    return bytes;
  }

  async #expectZeros(): Promise<void> {
    for await (const chunk of this.#reader.rest())
      if (!isZero(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)))
        throw this.#refuse('has something behind the end of its tar archive');
  }

  #truncated(): Error {
    return this.#refuse('stops before the end of its tar archive');
  }
}

/** The slash that makes a file a directory may stand in the long name. */
function typeOf(type: TarHeader['type'], longName: string | undefined): TarHeader['type'] {
  return type === 'file' && longName?.endsWith('/') ? 'directory' : type;
}
