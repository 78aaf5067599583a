// Work that says where it was done, for tests of the pool.
import { threadId } from 'node:worker_threads';
import type { Context } from '../../src/core/context.ts';

export async function work(_ctx: Context, request: unknown): Promise<{ request: unknown; thread: number }> {
  return { request, thread: threadId };
}
