// The far end of a packing thread: one request at a time, until it is aborted or done.
import type { MessagePort } from 'node:worker_threads';
import { parentPort } from 'node:worker_threads';
import { createContext } from '../core/context.ts';
import { pack } from './pack.ts';
import type { FromWorker, ToWorker } from './pack-message.ts';
import { sendError } from './pack-message.ts';

function serve(port: MessagePort): void {
  const send = (message: FromWorker): void => port.postMessage(message);
  let current = new AbortController();
  port.on('message', (message: ToWorker) => {
    if (message.type === 'abort') return current.abort();
    current = new AbortController();
    const ctx = createContext({ signal: current.signal });
    const onProgress = (done: number): void => send({ type: 'progress', done });
    pack(ctx, { ...message.request, onProgress }).then(
      (packed) => send({ type: 'packed', packed }),
      (error: unknown) => send(sendError(error)),
    );
  });
}

if (parentPort) serve(parentPort);
