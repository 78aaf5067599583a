// Long work on worker threads and on the calling one, which does not sleep meanwhile; the results are the same wherever it is done.
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import { loadWork } from './work-message.ts';
import { WorkThread } from './work-thread.ts';

export interface Work {
  /** File of ours that exports `work`, which takes the request and may be run by any thread; on the calling one it has to be cut into slices. */
  readonly module: URL;
  /** Plain data. */
  readonly request: unknown;
  /** How long it takes beside others, in any unit: the longest is done first, so that nobody has much left when the others are done. */
  readonly effort: number;
  /** Whether it is worth the start of a thread; threads that run already take it anyway. */
  readonly startsThreads: boolean;
  /** Whether the calling thread may do it while there are others. */
  readonly isShort: boolean;
}

export interface WorkPool {
  /** Works that find everybody busy wait. Throws what the work throws, and `ABORTED`. */
  readonly run: (ctx: Context, work: Work, onProgress?: (done: number) => void) => Promise<unknown>;
  /** Has the threads load the module before there is something to do, which takes some time of their own; those that are missing are started if that is worth it. */
  readonly prepare: (module: URL, startsThreads: boolean) => void;
  /** Ends the threads, which would keep the process alive. To be called when no work is open any more. */
  readonly close: () => Promise<void>;
}

interface Waiting {
  readonly ctx: Context;
  readonly work: Work;
  readonly onProgress: ((done: number) => void) | undefined;
  readonly done: (result: Promise<unknown>) => void;
}

/** @param workers threads beside the calling one, which does everything if there are none */
export function createWorkPool(workers: number): WorkPool {
  const threads = createThreads(workers);
  const waiting: Waiting[] = [];
  let isWorking = false;
  const runThere = async (thread: WorkThread, { ctx, work, onProgress }: Waiting): Promise<unknown> => {
    try {
      throwIfAborted(ctx);
      return await thread.run(ctx, work.module, work.request, onProgress);
    } finally {
      threads.giveBack(thread);
      feed();
      helpSoon();
    }
  };
  const runHere = async ({ ctx, work, onProgress }: Waiting): Promise<unknown> => {
    isWorking = true;
    try {
      throwIfAborted(ctx);
      // Loaded when there is something to do: a build whose layers are known starts sooner.
      const { work: run } = await loadWork(work.module.href);
      return await run(ctx, work.request, onProgress);
    } finally {
      isWorking = false;
      helpSoon();
    }
  };
  const feed = (): void => {
    for (let next = waiting[0]; next; next = waiting[0]) {
      const thread = threads.take(next.work.startsThreads);
      if (!thread) return;
      waiting.shift();
      next.done(runThere(thread, next));
    }
  };
  const help = (): void => {
    const hasThreads = threads.running().size > 0;
    const next = waiting.find(({ work }) => work.isShort || !hasThreads);
    if (isWorking || !next) return;
    waiting.splice(waiting.indexOf(next), 1);
    next.done(runHere(next));
  };
  /** What waits for this thread comes first: further works, results that threads have made, bytes to send. */
  const helpSoon = (): void => void setImmediate(help);
  return {
    run: async (ctx, work, onProgress) => {
      throwIfAborted(ctx);
      const { promise, resolve } = Promise.withResolvers<unknown>();
      const after = waiting.findIndex((other) => other.work.effort < work.effort);
      waiting.splice(after < 0 ? waiting.length : after, 0, { ctx, work, onProgress, done: resolve });
      feed();
      helpSoon();
      return promise;
    },
    prepare: (module, startsThreads) => {
      if (startsThreads) threads.start();
      for (const thread of threads.running()) thread.load(module);
    },
    close: threads.close,
  };
}

interface Threads {
  /** One that has nothing to do, or undefined when all are busy and there may be no more. */
  readonly take: (mayStart: boolean) => WorkThread | undefined;
  readonly giveBack: (thread: WorkThread) => void;
  readonly running: () => ReadonlySet<WorkThread>;
  readonly start: () => void;
  readonly close: () => Promise<void>;
}

function createThreads(max: number): Threads {
  const all = new Set<WorkThread>();
  const idle: WorkThread[] = [];
  const startOne = (): WorkThread => {
    const thread = new WorkThread();
    all.add(thread);
    return thread;
  };
  const drop = (thread: WorkThread): void => void all.delete(thread);
  return {
    take: (mayStart) => {
      for (let thread = idle.pop(); thread; thread = idle.pop()) {
        if (thread.isAlive) return thread;
        // It has ended by itself and would never answer.
        drop(thread);
      }
      return mayStart && all.size < max ? startOne() : undefined;
    },
    giveBack: (thread) => (thread.isAlive ? void idle.push(thread) : drop(thread)),
    running: () => all,
    start: () => {
      while (all.size < max) idle.push(startOne());
    },
    close: async () => {
      await Promise.all([...all].map((thread) => thread.close()));
    },
  };
}
