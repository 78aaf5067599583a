// Packs layers on worker threads and on the calling one; the bytes are the same wherever a layer is packed.
import { extname } from 'node:path';
import type { Context } from '../core/context.ts';
import type { Entry } from '../filesystem/entry.ts';
import { sizeOf } from '../filesystem/entry.ts';
import type { PackRequest } from './pack.ts';
import type { PackedLayer } from './recipe.ts';
import { createWorkPool } from './work-pool.ts';

export interface Packer {
  /** As `pack`, which tells the errors. Requests that find everybody busy wait. */
  readonly pack: (request: PackRequest) => Promise<PackedLayer>;
  /** Starts the threads before there is something to pack: they need some time of their own. */
  readonly start: () => void;
  /** Ends the threads, which would keep the process alive. To be called when no request is open any more. */
  readonly close: () => Promise<void>;
}

export interface PackerOptions {
  /** Threads beside the calling one, which packs everything if there are none, in slices of about 3 ms. */
  readonly workers: number;
}

/** The worker's file has the extension of this one, be it source or built. */
const WORKER_FILE = new URL(`./pack-worker${extname(import.meta.url)}`, import.meta.url);

/** With threads, the calling one helps with layers of up to this many bytes: what takes longer is better left to them. */
const HELP_BYTES = 64 << 20;

/** Threads start when requests need them, unless `start` was called. The context's abort stops all packing. */
export function createPacker(ctx: Context, { workers }: PackerOptions): Packer {
  const pool = createWorkPool<Omit<PackRequest, 'onProgress'>, PackedLayer>({
    workers,
    workerFile: WORKER_FILE,
    here: async (inner, request, onProgress) => {
      // Loaded when there is something to pack: a build whose layers are known starts sooner.
      const { pack } = await import('./pack.ts');
      return pack(inner, { ...request, onProgress });
    },
    helps: ({ entries }) => contentBytes(entries) <= HELP_BYTES,
  });
  return {
    pack: ({ onProgress, ...request }) => pool.run(ctx, request, contentBytes(request.entries), onProgress),
    start: pool.start,
    close: pool.close,
  };
}

function contentBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.type === 'file' ? sizeOf(entry.content) : 0), 0);
}
