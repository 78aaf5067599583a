// The far end of a worker thread: one request at a time, until it is aborted or done.
import { parentPort } from 'node:worker_threads';
import type { Context } from '../core/context.ts';
import { createContext } from '../core/context.ts';
import type { FromWorker, ToWorker } from './work-message.ts';
import { sendError } from './work-message.ts';

/** To be called once, by the file of a worker. Requests and results must be plain data. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what comes is what the worker's file says it is
export function serveWork<Request, Result>(
  work: (ctx: Context, request: Request, onProgress: (done: number) => void) => Promise<Result>,
): void {
  const port = parentPort;
  if (!port) return;
  const send = (message: FromWorker<Result>): void => port.postMessage(message);
  let current = new AbortController();
  port.on('message', (message: ToWorker<Request>) => {
    if (message.type === 'abort') return current.abort();
    current = new AbortController();
    const ctx = createContext({ signal: current.signal });
    const onProgress = (done: number): void => send({ type: 'progress', done });
    work(ctx, message.request, onProgress).then(
      (result) => send({ type: 'done', result }),
      (error: unknown) => send(sendError(error)),
    );
  });
}
