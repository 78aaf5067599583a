// .xz in packages and indices: the decoder is WebAssembly in a web stream, and this is all that knows about it.
import { ReadableStream } from 'node:stream/web';
import { messageOf } from '../core/error.ts';
import type { Refuse } from '../filesystem/layer-error.ts';

/**
 * The content of one .xz stream (xz-file-format 1.2.1), which must end where the bytes do. Several streams in a row, and padding behind one,
 * are refused: nobody makes packages like that. The decoder serves one stream at a time, in each thread: whoever stops early must leave the
 * loop, so that others get their turn.
 */
export async function* decompressXz(
  bytes: AsyncIterable<Uint8Array>,
  refuse: Refuse,
): AsyncGenerator<Uint8Array, void, undefined> {
  // The package is CommonJS in a form whose names Node does not see.
  const { XzReadableStream } = (await import('xz-decompress')).default;
  const source = new LastByteApart(bytes);
  const stream = new XzReadableStream(source.stream as unknown as globalThis.ReadableStream<Uint8Array>);
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw source.failure ?? refuse(`cannot be decompressed: ${reasonOf(source, cause)}`, { cause });
      });
      if (done) break;
      if (value.length > 0) yield value;
    }
    if (!source.isTaken) throw refuse('has bytes behind the end of its xz data');
  } finally {
    await reader.cancel().catch(() => undefined);
    await source.close();
  }
}

/** Results of xz-embedded (enum xz_ret) that say more than "damaged". */
const REASONS: Readonly<Record<string, string>> = {
  3: 'its dictionary is larger than the decoder allows',
  4: 'its dictionary is larger than the decoder allows',
  5: 'it does not start as xz data does',
  6: 'it needs a filter that is not supported',
  7: 'its xz data is damaged',
};

function reasonOf(source: LastByteApart, cause: unknown): string {
  const [, code = ''] = /error code (\d+)$/.exec(messageOf(cause)) ?? [];
  return (source.isTaken ? undefined : REASONS[code]) ?? 'its xz data is damaged or stops before its end';
}

/** Gives the last byte alone: the decoder asks for it only when its stream ends there, and drops silently what lies behind the end. */
class LastByteApart {
  /** Whether all bytes were asked for. */
  isTaken = false;
  /** What stopped the bytes, if that was their source. */
  failure: unknown;
  readonly stream: ReadableStream<Uint8Array>;
  readonly #chunks: AsyncGenerator<Uint8Array, void, undefined>;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#chunks = this.#cut(bytes);
    this.stream = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await this.#chunks.next();
          // The decoder fails without end on a source that ends at once: an empty chunk is as wrong, but told.
          if (done) controller.close();
          else controller.enqueue(value);
        },
      },
      { highWaterMark: 0 },
    );
  }

  async close(): Promise<void> {
    await this.#chunks.return();
  }

  async *#cut(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    let last: Uint8Array | undefined;
    try {
      for await (const chunk of bytes) {
        if (chunk.length === 0) continue;
        if (last) yield last;
        if (chunk.length > 1) yield chunk.subarray(0, -1);
        // Sources may use their buffers again.
        last = Uint8Array.from(chunk.subarray(-1));
      }
    } catch (error) {
      this.failure = error;
      throw error;
    }
    this.isTaken = true;
    if (last) yield last;
  }
}
