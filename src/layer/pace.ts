// Packing is synchronous work; it is cut into slices, so that the thread can do other things, be aborted, and tell how far it is.
import { setImmediate } from 'node:timers/promises';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';

/** Bytes inflated between two looks at the rest of the world: about 3 ms of work. */
const SLICE_BYTES = 1 << 20;

/**
 * To be awaited after every piece of work. Throws `ABORTED`.
 * @param bytes of content that are done
 * @param effort of the work, in bytes that could have been inflated and hashed meanwhile
 */
export type Pace = (bytes: number, effort?: number) => Promise<void>;

/**
 * @param total bytes of content
 * @param onProgress gets the bytes of content so far, at most once per slice
 */
export function createPace(ctx: Context, total: number, onProgress: (done: number) => void = () => {}): Pace {
  let done = 0;
  let spent = 0;
  return async (bytes, effort = bytes) => {
    done += bytes;
    spent += effort;
    if (spent < SLICE_BYTES) return;
    spent = 0;
    // Headers that are compressed together with content are counted with it.
    onProgress(Math.min(done, total));
    await setImmediate();
    throwIfAborted(ctx);
  };
}
