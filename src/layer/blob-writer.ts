// Takes a blob in order, as bytes of ours and ranges of host files: keeps the former, notes the latter, hashes all of it.
import { createHash } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError, systemCode } from '../core/error.ts';
import type { Recipe } from './recipe.ts';
import { Gather } from './gather.ts';

const LITERAL_BUFFER_BYTES = 1 << 18;
const HASH_BUFFER_BYTES = 1 << 18;

export interface WrittenBlob {
  readonly digest: Digest;
  readonly size: number;
  /** Digest of the file of literals. */
  readonly literals: Digest;
  readonly recipe: Recipe;
}

export class BlobWriter {
  /** Bytes of ours are pushed here. */
  readonly literals: Gather;
  readonly #file: string;
  readonly #descriptor: number;
  readonly #literalHash = createHash('sha256');
  readonly #blobHash = createHash('sha256');
  readonly #blob: Gather;
  readonly #sources: Map<string, number>;
  readonly #pieces: number[] = [];
  #size = 0;
  /** Literals that were written out, and those in the buffer that have their place in the blob already. */
  #written = 0;
  #settled = 0;

  /** @param file host path for the literals, must not exist. Throws `CACHE_UNWRITABLE`. */
  constructor(file: string) {
    this.#file = file;
    this.#sources = new Map([[file, 0]]);
    this.#descriptor = unlessUnwritable(file, () => openSync(file, 'wx'));
    this.#blob = new Gather(HASH_BUFFER_BYTES, (bytes) => this.#blobHash.update(bytes));
    this.literals = new Gather(LITERAL_BUFFER_BYTES, (bytes) => this.#writeLiterals(bytes));
  }

  /** The next bytes of the blob are these, which stand in a host file at this offset. */
  range(file: string, offset: number, bytes: Uint8Array): void {
    this.#settle();
    const source = this.#sources.get(file) ?? this.#sources.size;
    this.#sources.set(file, source);
    this.#piece(source, offset, bytes);
  }

  finish(): WrittenBlob {
    this.literals.flush();
    this.#blob.flush();
    closeSync(this.#descriptor);
    return {
      digest: `sha256:${this.#blobHash.digest('hex')}`,
      size: this.#size,
      literals: `sha256:${this.#literalHash.digest('hex')}`,
      recipe: { sources: [...this.#sources.keys()], pieces: this.#pieces },
    };
  }

  /** Instead of `finish`: leaves no file behind. */
  discard(): void {
    closeSync(this.#descriptor);
    rmSync(this.#file, { force: true });
  }

  /** Gives the literals that were pushed since the last range their place in the blob. */
  #settle(): void {
    const fresh = this.literals.buffer.subarray(this.#settled, this.literals.at);
    if (fresh.length > 0) this.#piece(0, this.#written + this.#settled, fresh);
    this.#settled = this.literals.at;
  }

  #piece(source: number, offset: number, bytes: Uint8Array): void {
    const pieces = this.#pieces;
    const [lastSource, lastOffset, lastLength] = pieces.slice(-3);
    if (source === lastSource && offset === lastOffset! + lastLength!) pieces[pieces.length - 1]! += bytes.length;
    else pieces.push(source, offset, bytes.length);
    this.#blob.push(bytes);
    this.#size += bytes.length;
  }

  #writeLiterals(bytes: Buffer): void {
    this.#settle();
    this.#settled = 0;
    this.#literalHash.update(bytes);
    for (let at = 0; at < bytes.length;)
      at += unlessUnwritable(this.#file, () => writeSync(this.#descriptor, bytes, at, bytes.length - at));
    this.#written += bytes.length;
  }
}

/** Runs work of the system on a file of the cache; its errors come out as `DISK_FULL` or `CACHE_UNWRITABLE`. */
export function unlessUnwritable<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (systemCode(cause) === 'ENOSPC' || systemCode(cause) === 'EDQUOT')
      throw new ImageSpecError('DISK_FULL', `${file} could not be written: the device is full`, {
        hint: 'Free some space, or name another cache folder.',
        cause,
      });
    throw new ImageSpecError('CACHE_UNWRITABLE', `${file} could not be written`, {
      hint: 'Check that the folder exists, belongs to you and is not read-only, or name another cache folder.',
      cause,
    });
  }
}
