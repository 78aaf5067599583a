// Equal work is shared: whoever asks for a key that is being worked on waits for that work.
import type { Context } from './context.ts';
import { isImageSpecError } from './error.ts';

/** The result of what another has begun, or of `again` where only that one was stopped. */
export async function joined<V>(ctx: Context, known: Promise<V>, again: () => Promise<V>): Promise<V> {
  try {
    return await known;
  } catch (error) {
    if (!isImageSpecError(error) || error.code !== 'ABORTED' || ctx.signal.aborted) throw error;
  }
  return again();
}

/** Shares the result per key. A failure is forgotten, so that the next caller may try again. */
export class Once<K, V> {
  readonly #running = new Map<K, Promise<V>>();

  /** The work for this key, if anybody has begun it and it did not fail. */
  find(key: K): Promise<V> | undefined {
    return this.#running.get(key);
  }

  /** The same; begins again where only the one who had begun was stopped, and not `ctx`. */
  async share(ctx: Context, key: K, work: () => Promise<V>): Promise<V> {
    const known = this.#running.get(key);
    return known ? joined(ctx, known, () => this.share(ctx, key, work)) : this.run(key, work);
  }

  run(key: K, work: () => Promise<V>): Promise<V> {
    const known = this.#running.get(key);
    if (known) return known;
    const promise = work();
    this.#running.set(key, promise);
    promise.catch(() => this.#running.delete(key));
    return promise;
  }
}
