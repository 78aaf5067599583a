// The error matcher: what counts is the code, and that the message is one a person can act on.
import { expect } from 'vitest';
import type { ErrorCode, ImageSpecError } from '../src/core/error.ts';
import { isImageSpecError } from '../src/core/error.ts';

/** Runs `work` and demands that it fails with our error of this code; returns the error for further looks. */
export async function expectCode(work: () => unknown, code: ErrorCode): Promise<ImageSpecError> {
  let caught: unknown;
  try {
    await work();
  } catch (error) {
    caught = error;
  }
  if (!isImageSpecError(caught)) {
    throw new Error(`expected ImageSpecError ${code}, got ${caught instanceof Error ? caught.stack : String(caught)}`);
  }
  expect(caught.code, caught.message).toBe(code);
  return caught;
}

/** Reads an opener's bytes whole. */
export async function drain(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}
