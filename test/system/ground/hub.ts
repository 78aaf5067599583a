// Docker Hub as a company's machine sees it: under its own name, by TLS, behind a proxy. What it holds is in a registry of ours.
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { run } from './folder.ts';

const HUB = 'registry-1.docker.io';

export interface Hub {
  /** Variables of a process that lives behind the proxy. */
  readonly env: Readonly<Record<string, string>>;
  readonly close: () => void;
}

/** @param folder for certificates @param registry `HOST:PORT` of what stands behind it */
export async function startHub(folder: string, registry: string): Promise<Hub> {
  const [key, own, all] = ['hub-key.pem', 'hub.pem', 'authorities.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const subject = ['-subj', `/CN=${HUB}`, '-addext', `subjectAltName=DNS:${HUB}`];
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', own, ...subject]);
  const known = process.env['SSL_CERT_FILE'] ?? '/etc/ssl/certs/ca-certificates.crt';
  await writeFile(all, `${await readFile(known, 'utf8')}\n${await readFile(own, 'utf8')}`);
  const front = createTlsServer({ key: await readFile(key), cert: await readFile(own) }, forwardTo(registry));
  const frontPort = await listening(front);
  const proxy = createServer((_question, answer) => answer.writeHead(405).end());
  proxy.on('connect', (question: IncomingMessage, client: Socket, head: Buffer) => {
    const [host = '', port = '443'] = (question.url ?? '').split(':');
    const server = host === HUB ? connect(frontPort, '127.0.0.1') : connect(Number(port), host);
    server.on('connect', () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      server.write(head);
      server.pipe(client).pipe(server);
    });
    for (const [one, other] of [
      [server, client],
      [client, server],
    ] as const)
      one.on('error', () => other.destroy());
  });
  const proxyPort = await listening(proxy);
  return {
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`,
      SSL_CERT_FILE: all,
      NODE_EXTRA_CA_CERTS: all,
    },
    close: () => {
      for (const server of [front, proxy]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function forwardTo(registry: string): (question: IncomingMessage, answer: ServerResponse) => void {
  const [host, port] = registry.split(':');
  return (question, answer) => {
    const { method, url, headers } = question;
    const onward = request({ host, port, method, path: url, headers: { ...headers, host: registry } }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    question.pipe(onward);
  };
}
