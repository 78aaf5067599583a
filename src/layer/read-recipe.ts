// Reads the bytes of a layer from where they are, so that the blob need never exist in one place.
import type { OpenOptions } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import { HostFiles } from './host-files.ts';
import type { Recipe } from './recipe.ts';

/** Bytes per buffer: what a socket takes at least cost. */
const CHUNK_BYTES = 1 << 20;

/**
 * The blob's bytes in buffers of 1 MiB, the last one smaller; without `reuse` each is the reader's own. Leaving the loop closes all files.
 * Throws `FILE_CHANGED` when a source is gone or shorter than it was, `ABORTED`.
 */
export async function* readRecipe(
  ctx: Context,
  { sources, pieces }: Recipe,
  { reuse = false }: OpenOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const files = new HostFiles();
  try {
    let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    let filled = 0;
    for (let i = 0; i < pieces.length; i += 3) {
      const [source, offset, length] = [pieces[i]!, pieces[i + 1]!, pieces[i + 2]!];
      for (let done = 0; done < length;) {
        const count = Math.min(length - done, CHUNK_BYTES - filled);
        files.read(sources[source]!, offset + done, chunk, filled, count);
        done += count;
        filled += count;
        if (filled < CHUNK_BYTES) continue;
        throwIfAborted(ctx);
        yield chunk;
        if (!reuse) chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
        filled = 0;
      }
    }
    throwIfAborted(ctx);
    if (filled > 0) yield chunk.subarray(0, filled);
  } finally {
    files.close();
  }
}
