// Equal work is shared: whoever asks for a key that is being worked on waits for that work.

/** Shares the result per key. A failure is forgotten, so that the next caller may try again. */
export class Once<K, V> {
  readonly #running = new Map<K, Promise<V>>();

  /** The work for this key, if anybody has begun it and it did not fail. */
  find(key: K): Promise<V> | undefined {
    return this.#running.get(key);
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
