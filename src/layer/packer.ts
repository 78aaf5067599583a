// Packs layers on worker threads and on the calling one; the bytes are the same wherever a layer is packed.
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import type { Entry } from '../filesystem/entry.ts';
import { sizeOf } from '../filesystem/entry.ts';
import type { PackRequest } from './pack.ts';
import { PackThread } from './pack-thread.ts';
import type { PackedLayer } from './recipe.ts';

export interface Packer {
  /** As `pack`, which tells the errors. Requests that find everybody busy wait, in order. */
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

/** With threads, the calling one helps with layers of up to this many bytes: what takes longer is better left to them. */
const HELP_BYTES = 64 << 20;

interface Waiting {
  readonly request: PackRequest;
  /** Of all contents. */
  readonly bytes: number;
  readonly done: (packed: Promise<PackedLayer>) => void;
}

/** Threads start when requests need them, unless `start` was called. The context's abort stops all packing. */
export function createPacker(ctx: Context, { workers }: PackerOptions): Packer {
  const threads = createThreads(workers);
  const waiting: Waiting[] = [];
  let isPacking = false;
  const packThere = async (thread: PackThread, request: PackRequest): Promise<PackedLayer> => {
    try {
      throwIfAborted(ctx);
      return await thread.pack(ctx, request);
    } finally {
      threads.giveBack(thread);
      feed();
    }
  };
  const packHere = async (request: PackRequest): Promise<PackedLayer> => {
    isPacking = true;
    try {
      // Loaded when there is something to pack: a build whose layers are known starts sooner.
      const { pack } = await import('./pack.ts');
      return await pack(ctx, request);
    } finally {
      isPacking = false;
      helpSoon();
    }
  };
  /** Threads take what waits longest: whoever asks puts large layers first. */
  const feed = (): void => {
    for (let thread: PackThread | undefined; waiting.length > 0 && (thread = threads.take());) {
      const { request, done } = waiting.shift()!;
      done(packThere(thread, request));
    }
  };
  /** The calling thread takes what came last, and without threads everything, in order. */
  const help = (): void => {
    const next = workers === 0 ? waiting[0] : waiting.at(-1);
    if (isPacking || !next || (workers > 0 && next.bytes > HELP_BYTES)) return;
    waiting.splice(waiting.indexOf(next), 1);
    next.done(packHere(next.request));
  };
  /** What waits for this thread comes first: further requests, layers that threads have made, bytes to send. */
  const helpSoon = (): void => void setImmediate(help);
  return {
    pack: async (request) => {
      throwIfAborted(ctx);
      const { promise, resolve } = Promise.withResolvers<PackedLayer>();
      waiting.push({ request, bytes: contentBytes(request.entries), done: resolve });
      feed();
      helpSoon();
      return promise;
    },
    start: threads.start,
    close: threads.close,
  };
}

interface Threads {
  /** One that has nothing to do, or undefined when all are busy and there may be no more. */
  readonly take: () => PackThread | undefined;
  readonly giveBack: (thread: PackThread) => void;
  readonly start: () => void;
  readonly close: () => Promise<void>;
}

function createThreads(max: number): Threads {
  const all = new Set<PackThread>();
  const idle: PackThread[] = [];
  const startOne = (): PackThread => {
    const thread = new PackThread();
    all.add(thread);
    return thread;
  };
  return {
    take: () => {
      for (let thread = idle.pop(); thread; thread = idle.pop()) {
        if (thread.isAlive) return thread;
        // It has ended by itself and would never answer.
        all.delete(thread);
      }
      return all.size < max ? startOne() : undefined;
    },
    giveBack: (thread) => void idle.push(thread),
    start: () => {
      while (all.size < max) idle.push(startOne());
    },
    close: async () => {
      await Promise.all([...all].map((thread) => thread.close()));
    },
  };
}

function contentBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.type === 'file' ? sizeOf(entry.content) : 0), 0);
}
