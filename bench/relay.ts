// Counts what a client sends to a registry: everybody's bytes are taken at the same place, by nobody's own account.
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface Relay {
  /** `127.0.0.1:PORT`; whatever is sent here goes to the registry. */
  readonly host: string;
  /** Bytes that clients have sent since the last call. */
  readonly sent: () => number;
  readonly close: () => Promise<void>;
}

/** @param target `127.0.0.1:PORT` */
export async function startRelay(target: string): Promise<Relay> {
  const [address = '', port] = target.split(':');
  let sent = 0;
  const server = createServer((client: Socket) => {
    const registry = connect(Number(port), address);
    client.on('data', (chunk) => (sent += chunk.length));
    client.pipe(registry).pipe(client);
    // Either end may hang up: the other one is told by the pipe.
    for (const socket of [client, registry]) {
      socket.on('error', () => {
        client.destroy();
        registry.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => {
      const now = sent;
      sent = 0;
      return now;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
