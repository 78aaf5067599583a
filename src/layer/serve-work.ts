// The far end of a worker thread: one request at a time, until it is aborted or done.
import { parentPort } from 'node:worker_threads';
import { createContext } from '../core/context.ts';
import type { FromWorker, ToWorker } from './work-message.ts';
import { loadWork, sendError } from './work-message.ts';

/** To be called once, by the file of a worker. Requests and results must be plain data. */
export function serveWork(): void {
  const port = parentPort;
  if (!port) return;
  const send = (message: FromWorker<unknown>): void => port.postMessage(message);
  let current = new AbortController();
  const answer = async ({ module, request }: Extract<ToWorker, { type: 'work' }>, signal: AbortSignal) => {
    const { work } = await loadWork(module);
    const onProgress = (done: number): void => send({ type: 'progress', done });
    return work(createContext({ signal }), request, onProgress);
  };
  port.on('message', (message: ToWorker) => {
    if (message.type === 'abort') return current.abort();
    // Whatever is wrong with the module is told to whoever asks for its work.
    if (message.type === 'load') return void loadWork(message.module).catch(() => undefined);
    current = new AbortController();
    answer(message, current.signal).then(
      (result) => send({ type: 'done', result }),
      (error: unknown) => send(sendError(error)),
    );
  });
}
