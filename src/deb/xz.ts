// .xz in packages and indices: the decoder is WebAssembly in a web stream, and this is all that knows about it.
import { messageOf } from '../core/error.ts';
import type { Refuse } from '../filesystem/layer-error.ts';

/**
 * The content of .xz streams in a row (xz-file-format 1.2.1), checked by their CRCs. Refused: dictionaries of more than 64 MiB (those of
 * `xz -9`), filters other than LZMA2, SHA-256 checks, bytes behind the end. The decoder serves one reader at a time in each thread: whoever
 * stops early must leave the loop, so that others get their turn.
 */
export async function* decompressXz(
  bytes: AsyncIterable<Uint8Array>,
  refuse: Refuse,
): AsyncGenerator<Uint8Array, void, undefined> {
  // The package is CommonJS in a form whose names Node does not see.
  const { XzReadableStream } = (await import('xz-decompress')).default;
  const source = new PulledSource(bytes);
  const reader = new XzReadableStream(source.stream).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw source.failure ?? refuse(`cannot be decompressed: ${reasonOf(cause)}`, { cause });
      });
      if (done) return;
      if (value.length > 0) yield value;
    }
  } finally {
    // Not before the first answer: the decoder would be given back without having been taken.
    await reader.cancel().catch(() => undefined);
    await source.close();
  }
}

/** Results of xz-embedded (enum xz_ret) that say more than "damaged". */
const REASONS: Readonly<Record<string, string>> = {
  3: 'its dictionary is larger than 64 MiB',
  4: 'its dictionary is larger than 64 MiB',
  5: 'it is no xz data',
  6: 'it has a filter or check that is not supported, or its header is damaged',
};

function reasonOf(cause: unknown): string {
  const [, code = ''] = /error code (\d+)$/.exec(messageOf(cause)) ?? [];
  return REASONS[code] ?? 'its xz data is damaged or stops before its end';
}

/** Reads only what the decoder asks for, and keeps the error of the bytes' own source apart from the decoder's. */
class PulledSource {
  failure: unknown;
  readonly stream: ReadableStream<Uint8Array>;
  readonly #chunks: AsyncIterator<Uint8Array>;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
    this.stream = new ReadableStream({ pull: (controller) => this.#pull(controller) }, { highWaterMark: 0 });
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      const { done, value } = await this.#chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}
