// Long work on worker threads and on the calling one, which does not sleep meanwhile; the results are the same wherever it is done.
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import { WorkThread } from './work-thread.ts';

export interface WorkPool<Request, Result> {
  /**
   * Requests that find everybody busy wait. Throws what the work throws, and `ABORTED`.
   * @param effort how long it takes beside others, in any unit: threads do the longest first and the calling one the shortest, in whatever
   *   order they come, so that nobody has much left when the others are done
   */
  readonly run: (
    ctx: Context,
    request: Request,
    effort: number,
    onProgress?: (done: number) => void,
  ) => Promise<Result>;
  /** Starts the threads before there is something to do: they need some time of their own. */
  readonly start: () => void;
  /** Ends the threads, which would keep the process alive. To be called when no request is open any more. */
  readonly close: () => Promise<void>;
}

export interface PoolOptions<Request, Result> {
  /** Threads beside the calling one, which does everything if there are none. */
  readonly workers: number;
  /** Calls `serveWork`. */
  readonly workerFile: URL;
  /** The same work on the calling thread; has to be cut into slices. */
  readonly here: (ctx: Context, request: Request, onProgress?: (done: number) => void) => Promise<Result>;
  /** Whether the calling thread may do it while there are others. */
  readonly helps: (request: Request) => boolean;
}

interface Waiting<Request, Result> {
  readonly ctx: Context;
  readonly request: Request;
  readonly effort: number;
  readonly onProgress: ((done: number) => void) | undefined;
  readonly done: (result: Promise<Result>) => void;
}

/** Threads start when requests need them, unless `start` was called. */
export function createWorkPool<Request, Result>({
  workers,
  workerFile,
  here,
  helps,
}: PoolOptions<Request, Result>): WorkPool<Request, Result> {
  const threads = createThreads(workers, () => new WorkThread<Request, Result>(workerFile));
  const waiting: Waiting<Request, Result>[] = [];
  let isWorking = false;
  const runThere = async (
    thread: WorkThread<Request, Result>,
    { ctx, request, onProgress }: Waiting<Request, Result>,
  ): Promise<Result> => {
    try {
      throwIfAborted(ctx);
      return await thread.run(ctx, request, onProgress);
    } finally {
      threads.giveBack(thread);
      feed();
    }
  };
  const runHere = async ({ ctx, request, onProgress }: Waiting<Request, Result>): Promise<Result> => {
    isWorking = true;
    try {
      throwIfAborted(ctx);
      return await here(ctx, request, onProgress);
    } finally {
      isWorking = false;
      helpSoon();
    }
  };
  const feed = (): void => {
    for (let thread: WorkThread<Request, Result> | undefined; waiting.length > 0 && (thread = threads.take());) {
      const next = waiting.shift()!;
      next.done(runThere(thread, next));
    }
  };
  const help = (): void => {
    const next = workers === 0 ? waiting[0] : waiting.at(-1);
    if (isWorking || !next || (workers > 0 && !helps(next.request))) return;
    waiting.splice(waiting.indexOf(next), 1);
    next.done(runHere(next));
  };
  /** What waits for this thread comes first: further requests, results that threads have made, bytes to send. */
  const helpSoon = (): void => void setImmediate(help);
  return {
    run: async (ctx, request, effort, onProgress) => {
      throwIfAborted(ctx);
      const { promise, resolve } = Promise.withResolvers<Result>();
      const after = waiting.findIndex((other) => other.effort < effort);
      waiting.splice(after < 0 ? waiting.length : after, 0, { ctx, request, effort, onProgress, done: resolve });
      feed();
      helpSoon();
      return promise;
    },
    start: threads.start,
    close: threads.close,
  };
}

interface Thread {
  readonly isAlive: boolean;
  readonly close: () => Promise<void>;
}

interface Threads<T extends Thread> {
  /** One that has nothing to do, or undefined when all are busy and there may be no more. */
  readonly take: () => T | undefined;
  readonly giveBack: (thread: T) => void;
  readonly start: () => void;
  readonly close: () => Promise<void>;
}

function createThreads<T extends Thread>(max: number, create: () => T): Threads<T> {
  const all = new Set<T>();
  const idle: T[] = [];
  const startOne = (): T => {
    const thread = create();
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
