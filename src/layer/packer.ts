// Packs layers on worker threads and on the calling one; the bytes are the same wherever a layer is packed.
import { extname } from 'node:path';
import type { Context } from '../core/context.ts';
import type { Entry } from '../filesystem/entry.ts';
import { sizeOf } from '../filesystem/entry.ts';
import type { PackRequest } from './pack.ts';
import type { PackedLayer } from './recipe.ts';
import type { WorkPool } from './work-pool.ts';

export interface Packer {
  /** As `pack`, which tells the errors. Requests that find everybody busy wait. */
  readonly pack: (request: PackRequest) => Promise<PackedLayer>;
  /** Says that there will be something to pack. */
  readonly prepare: () => void;
}

export interface PackerOptions {
  readonly pool: WorkPool;
  /** Whether there is so much to pack that threads are started for it. */
  readonly startsThreads: boolean;
}

const MODULE = new URL(`./pack-work${extname(import.meta.url)}`, import.meta.url);

/** With threads, the calling one helps with layers of up to this many bytes: what takes longer is better left to them. */
const HELP_BYTES = 64 << 20;

/** The context's abort stops all packing. */
export function createPacker(ctx: Context, { pool, startsThreads }: PackerOptions): Packer {
  return {
    prepare: () => pool.prepare(MODULE, startsThreads),
    pack: async ({ onProgress, ...request }) => {
      const effort = contentBytes(request.entries);
      const work = { module: MODULE, request, effort, startsThreads, isShort: effort <= HELP_BYTES };
      return (await pool.run(ctx, work, onProgress)) as PackedLayer;
    },
  };
}

function contentBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.type === 'file' ? sizeOf(entry.content) : 0), 0);
}
