// What the fake servers share: listening on loopback, recording what comes, and going wrong as planned.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request as it arrived. */
export interface RecordedRequest {
  readonly server: 'registry' | 'tokens' | 'storage';
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Goes wrong for requests that match, `times` times (1 unless said otherwise), after letting `skip` of them pass. */
export interface Fault {
  readonly server?: RecordedRequest['server'];
  readonly method?: string;
  readonly path?: RegExp;
  readonly skip?: number;
  readonly times?: number;
  readonly go: FaultAction;
}

type FaultAction =
  /** Answers so, before the body of the request is read. */
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** Does the work, but sends only so many bytes of the body and closes the connection. */
  | { readonly cutAfter: number }
  /** Does the work, but changes the first byte of the body. */
  | 'corrupt'
  /** Closes the connection without an answer, before the body of the request is read. */
  | 'reset'
  /** Reads the request and never answers. */
  | 'hang';

export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string | number>;
  readonly body?: Uint8Array | string;
}

export type Handler = (request: RecordedRequest) => Promise<Reply> | Reply;

export interface Listening {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly close: () => Promise<void>;
}

interface Plan {
  readonly faults: readonly Fault[];
  readonly seen: number[];
}

export function createPlan(faults: readonly Fault[]): Plan {
  return { faults, seen: faults.map(() => 0) };
}

/** The first fault whose turn it is; every fault counts every request that it is meant for. */
function nextFault({ faults, seen }: Plan, server: string, method: string, path: string): FaultAction | undefined {
  const due = faults.filter((fault, index) => {
    const isMeant =
      (fault.server ?? 'registry') === server &&
      (fault.method ?? method) === method &&
      (fault.path?.test(path) ?? true);
    if (!isMeant) return false;
    const before = seen[index] ?? 0;
    seen[index] = before + 1;
    const skip = fault.skip ?? 0;
    return before >= skip && before < skip + (fault.times ?? 1);
  });
  return due[0]?.go;
}

export async function listen(
  server: RecordedRequest['server'],
  handler: Handler,
  plan: Plan,
  requests: RecordedRequest[],
  tls?: { readonly key: string; readonly cert: string },
): Promise<Listening> {
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url: path = '', headers } = incoming;
    const fault = nextFault(plan, server, method, path);
    const isEarly = typeof fault === 'object' && 'status' in fault;
    if (fault === 'reset') {
      requests.push({ server, method, path, headers, body: Buffer.alloc(0) });
      incoming.socket.destroy();
      return;
    }
    const body = isEarly ? Buffer.alloc(0) : await buffer(incoming);
    const request = { server, method, path, headers, body };
    requests.push(request);
    if (fault === 'hang') return;
    send(response, method, isEarly ? fault : await handler(request), isEarly ? undefined : fault);
  };
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    // A client that breaks off is part of the tests.
    answer(incoming, response).catch(() => incoming.socket.destroy());
  };
  return start(tls ? createTlsServer(tls, listener) : createServer(listener));
}

function send(response: ServerResponse, method: string, reply: Reply, fault: FaultAction | undefined): void {
  const bytes = Buffer.from(reply.body ?? '');
  if (fault === 'corrupt' && bytes.length > 0) bytes[0] = (bytes[0] ?? 0) ^ 1;
  response.writeHead(reply.status, { 'content-length': bytes.length, ...reply.headers });
  if (method === 'HEAD') {
    response.end();
  } else if (typeof fault === 'object' && 'cutAfter' in fault) {
    response.write(bytes.subarray(0, fault.cutAfter), () => response.socket?.end(() => response.socket?.destroy()));
  } else {
    response.end(bytes);
  }
}

async function start(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
