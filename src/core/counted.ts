// Bytes on their way, counted for whoever shows how far they are.

/** Passes bytes through and tells, after each buffer, how many have passed. */
export async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  onProgress: ((done: number) => void) | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let done = 0;
  for await (const chunk of bytes) {
    yield chunk;
    onProgress?.((done += chunk.length));
  }
}
