// Reads the bytes of a layer from where they are, so that the blob need never exist in one place.
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import { fileChanged } from './host-files.ts';
import type { Recipe } from './recipe.ts';

/** Bytes per buffer: what a socket takes at least cost. */
const CHUNK_BYTES = 1 << 20;
/** Literals are short and stand in order: they are read this many bytes at a time. */
const LITERAL_WINDOW_BYTES = 1 << 18;
/** Files kept open: the wheels of a layer take turns. */
const OPEN_LIMIT = 8;

export interface ReadOptions {
  /** Where to begin, in bytes of the blob. */
  readonly start?: number;
}

/**
 * The blob's bytes in buffers of 1 MiB, the last one smaller; each buffer is the reader's own. Leaving the loop closes all files.
 * Throws `FILE_CHANGED` when a source is gone or shorter than it was, `ABORTED`.
 */
export async function* readRecipe(
  ctx: Context,
  { sources, pieces }: Recipe,
  { start = 0 }: ReadOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const files = new SourceFiles(sources);
  try {
    let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    let filled = 0;
    let skip = start;
    for (let i = 0; i < pieces.length; i += 3) {
      const [source, offset, length] = [pieces[i]!, pieces[i + 1]!, pieces[i + 2]!];
      let done = Math.min(skip, length);
      skip -= done;
      while (done < length) {
        const count = Math.min(length - done, CHUNK_BYTES - filled);
        await files.read(source, chunk.subarray(filled, filled + count), offset + done);
        done += count;
        filled += count;
        if (filled < CHUNK_BYTES) continue;
        throwIfAborted(ctx);
        yield chunk;
        chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
        filled = 0;
      }
    }
    throwIfAborted(ctx);
    if (filled > 0) yield chunk.subarray(0, filled);
  } finally {
    await files.close();
  }
}

class SourceFiles {
  readonly #paths: readonly string[];
  /** Open files by index, the least recently used first. */
  readonly #open = new Map<number, FileHandle>();
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Fills `into` from the source at this offset. */
  async read(source: number, into: Buffer, offset: number): Promise<void> {
    if (source !== 0 || into.length >= LITERAL_WINDOW_BYTES) {
      await this.#fill(source, into, offset, into.length);
      return;
    }
    if (offset < this.#windowAt || offset + into.length > this.#windowAt + this.#window.length) {
      const window = Buffer.allocUnsafeSlow(LITERAL_WINDOW_BYTES);
      this.#window = window.subarray(0, await this.#fill(source, window, offset, into.length));
      this.#windowAt = offset;
    }
    this.#window.copy(into, 0, offset - this.#windowAt);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((file) => file.close()));
    this.#open.clear();
  }

  /** Reads at least `least` bytes, and what more comes with them; returns how many. */
  async #fill(source: number, into: Buffer, offset: number, least: number): Promise<number> {
    const file = await this.#file(source);
    let done = 0;
    while (done < least) {
      const { bytesRead } = await file.read(into, done, into.length - done, offset + done);
      if (bytesRead === 0) throw fileChanged(this.#paths[source]!, 'is shorter than it was');
      done += bytesRead;
    }
    return done;
  }

  async #file(source: number): Promise<FileHandle> {
    const known = this.#open.get(source);
    const file = known ?? (await openSource(this.#paths[source]!));
    this.#open.delete(source);
    this.#open.set(source, file);
    const [oldest] = this.#open;
    if (oldest && this.#open.size > OPEN_LIMIT) {
      this.#open.delete(oldest[0]);
      await oldest[1].close();
    }
    return file;
  }
}

async function openSource(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (cause) {
    throw fileChanged(path, 'cannot be read any more', cause);
  }
}
