// Packs layers here or on worker threads; the bytes are the same with any number of them.
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import { createLimit } from '../core/limit.ts';
import type { PackRequest } from './pack.ts';
import { pack } from './pack.ts';
import { PackThread } from './pack-thread.ts';
import type { PackedLayer } from './recipe.ts';

export interface Packer {
  /** As `pack`, which tells the errors. Requests that find all workers busy wait, in order. */
  readonly pack: (request: PackRequest) => Promise<PackedLayer>;
  /** Ends the threads, which would keep the process alive. To be called when no request is open any more. */
  readonly close: () => Promise<void>;
}

export interface PackerOptions {
  /** Threads; with 0 everything is packed on the calling thread, in slices of about 10 ms, one request after the other. */
  readonly workers: number;
}

/** Threads start when requests need them. The context's abort stops all packing. */
export function createPacker(ctx: Context, { workers }: PackerOptions): Packer {
  const limit = createLimit(Math.max(workers, 1));
  if (workers === 0) return { pack: (request) => limit(() => pack(ctx, request)), close: async () => {} };
  const threads = new Set<PackThread>();
  const idle: PackThread[] = [];
  return {
    pack: (request) =>
      limit(async () => {
        throwIfAborted(ctx);
        const thread = idle.pop() ?? new PackThread();
        threads.add(thread);
        try {
          return await thread.pack(ctx, request);
        } finally {
          if (thread.isAlive) idle.push(thread);
          else threads.delete(thread);
        }
      }),
    close: async () => {
      await Promise.all([...threads].map((thread) => thread.close()));
    },
  };
}
