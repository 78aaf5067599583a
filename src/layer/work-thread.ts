// The near end of a worker thread: hands it one request at a time.
import { Worker } from 'node:worker_threads';
import type { Context } from '../core/context.ts';
import { abortedError } from '../core/context.ts';
import type { FromWorker, ToWorker } from './work-message.ts';
import { receiveError } from './work-message.ts';

/** Nearly all that this work makes is dropped at once: more room for it would only be more memory in use. */
const YOUNG_MEGABYTES = 4;

export class WorkThread<Request, Result> {
  readonly #worker: Worker;
  #isAlive = true;

  /** @param workerFile calls `serveWork` */
  constructor(workerFile: URL) {
    this.#worker = new Worker(workerFile, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES } });
    const onEnd = (): void => {
      this.#isAlive = false;
    };
    this.#worker.on('error', onEnd).on('exit', onEnd);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Must not be called again before it has settled. After an abort it settles when the thread has cleaned up. */
  async run(ctx: Context, request: Request, onProgress?: (done: number) => void): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const onMessage = (message: FromWorker<Result>): void => {
      if (message.type === 'progress') onProgress?.(message.done);
      else if (message.type === 'done') resolve(message.result);
      else if (message.type === 'broken') reject(message.error);
      else reject(ctx.signal.aborted ? abortedError(ctx.signal.reason) : receiveError(message.error));
    };
    const onExit = (status: number): void => reject(new Error(`a worker thread ended with status ${status}`));
    const onAbort = (): void => this.#send({ type: 'abort' });
    this.#send({ type: 'work', request });
    this.#worker.on('message', onMessage).on('error', reject).on('exit', onExit);
    ctx.signal.addEventListener('abort', onAbort);
    try {
      return await promise;
    } finally {
      this.#worker.off('message', onMessage).off('error', reject).off('exit', onExit);
      ctx.signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(message: ToWorker<Request>): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
    this.#worker.postMessage(message);
  }
}
