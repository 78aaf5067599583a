// The archive around a package: ar in its common form, without long names (deb(5)), read in order.
import type { ByteReader } from '../filesystem/byte-reader.ts';
import type { Refuse } from '../filesystem/layer-error.ts';

const MAGIC = '!<arch>\n';
const HEADER_BYTES = 60;
const CHUNK_BYTES = 1 << 18;

/** By column; time, owner, group and mode before the size mean nothing in packages. Names may end in a slash. */
const NAME = /^([!-.0-~]+)\/? *$/;
const SIZE = /^(\d+) *$/;
const COLUMNS = { name: [0, 16], size: [48, 58], end: [58, 60] } as const;

export interface ArMember {
  readonly name: string;
  readonly size: number;
}

export class ArReader {
  readonly #reader: ByteReader;
  readonly #refuse: Refuse;
  /** Of the body, bytes that nobody has taken yet. */
  #left = 0;
  #isPadded = false;

  constructor(reader: ByteReader, refuse: Refuse) {
    this.#reader = reader;
    this.#refuse = refuse;
  }

  /** To be called first. */
  async start(): Promise<void> {
    const magic = await this.#reader.take(MAGIC.length);
    if (magic.toString('latin1') !== MAGIC) throw this.#refuse('is no ar archive');
  }

  /** The next member, or undefined at the end; what is left of the one before is passed over. */
  async next(): Promise<ArMember | undefined> {
    await this.#skipBody();
    const header = await this.#reader.take(HEADER_BYTES);
    if (header.length === 0) return undefined;
    const member = header.length === HEADER_BYTES ? parseHeader(header.toString('latin1')) : undefined;
    if (!member) throw this.#refuse(`has a damaged ar header before byte ${this.#reader.offset}`);
    this.#left = member.size;
    this.#isPadded = member.size % 2 === 1;
    return member;
  }

  /** Bytes of the member, once. */
  async *body(): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.#left > 0) {
      const chunk = await this.#reader.take(Math.min(this.#left, CHUNK_BYTES));
      if (chunk.length === 0) throw this.#truncated();
      this.#left -= chunk.length;
      yield chunk;
    }
  }

  async #skipBody(): Promise<void> {
    const left = this.#left;
    this.#left = 0;
    if ((await this.#reader.skip(left)) < left) throw this.#truncated();
    // Many writers leave out the padding behind the last member.
    if (this.#isPadded) await this.#reader.skip(1);
    this.#isPadded = false;
  }

  #truncated(): Error {
    return this.#refuse('is shorter than its ar headers say');
  }
}

function parseHeader(header: string): ArMember | undefined {
  const [, name] = NAME.exec(header.slice(...COLUMNS.name)) ?? [];
  const [, size] = SIZE.exec(header.slice(...COLUMNS.size)) ?? [];
  const isWhole = header.slice(...COLUMNS.end) === '`\n';
  return name === undefined || size === undefined || !isWhole ? undefined : { name, size: Number(size) };
}
