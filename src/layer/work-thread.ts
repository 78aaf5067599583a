// The near end of a worker thread: hands it one request at a time.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Context } from '../core/context.ts';
import { abortedError } from '../core/context.ts';
import type { FromWorker, ToWorker } from './work-message.ts';
import { receiveError } from './work-message.ts';

/** Nearly all that this work makes is dropped at once: more room for it would only be more memory in use. */
const YOUNG_MEGABYTES = 4;

/** The worker's file has the extension of this one, be it source or built. */
const WORKER_FILE = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);

export class WorkThread {
  readonly #worker: Worker;
  #isAlive = true;

  constructor() {
    this.#worker = new Worker(WORKER_FILE, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES } });
    const onEnd = (): void => {
      this.#isAlive = false;
    };
    this.#worker.on('error', onEnd).on('exit', onEnd);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Must not be called again before it has settled. After an abort it settles when the thread has cleaned up. */
  async run(ctx: Context, module: URL, request: unknown, onProgress?: (done: number) => void): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const onMessage = (message: FromWorker<unknown>): void => {
      if (message.type === 'progress') onProgress?.(message.done);
      else if (message.type === 'done') resolve(message.result);
      else if (message.type === 'broken') reject(message.error);
      else reject(ctx.signal.aborted ? abortedError(ctx.signal.reason) : receiveError(message.error));
    };
    const onExit = (status: number): void => reject(new Error(`a worker thread ended with status ${status}`));
    const onAbort = (): void => this.#send({ type: 'abort' });
    this.#send({ type: 'work', module: module.href, request });
    this.#worker.on('message', onMessage).on('error', reject).on('exit', onExit);
    ctx.signal.addEventListener('abort', onAbort);
    try {
      return await promise;
    } finally {
      this.#worker.off('message', onMessage).off('error', reject).off('exit', onExit);
      ctx.signal.removeEventListener('abort', onAbort);
    }
  }

  /** Loads what works of this kind need, before there is one. */
  load(module: URL): void {
    this.#send({ type: 'load', module: module.href });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(message: ToWorker): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
    this.#worker.postMessage(message);
  }
}
