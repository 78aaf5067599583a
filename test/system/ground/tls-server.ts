// A server with a certificate of its own authority: what git, curl and wget of an image talk to.
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { run } from './folder.ts';

export interface TlsServer {
  /** `https://localhost:PORT` */
  readonly url: string;
  /** Host path of the authority's certificate, PEM. */
  readonly certificate: string;
  readonly close: () => void;
}

/** Serves `/hello` and the repository `/demo.git`. */
export async function startTlsServer(folder: string): Promise<TlsServer> {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'ca.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    certificate,
    ...subject,
  ]);
  const files = join(folder, 'files');
  await makeRepository(join(folder, 'work'), join(files, 'demo.git'));
  await writeFile(join(files, 'hello'), 'hello over TLS\n');
  const options = { key: await readFile(key), cert: await readFile(certificate) };
  const server = createServer(options, (request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'https://localhost').pathname);
    readFile(join(files, path)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `https://localhost:${port}`, certificate, close: () => void server.close() };
}

async function makeRepository(work: string, bare: string): Promise<void> {
  await mkdir(work, { recursive: true });
  await writeFile(join(work, 'README'), 'of a clone\n');
  const git = (...args: string[]): Promise<string> =>
    run('git', ['-C', work, '-c', 'user.name=x', '-c', 'user.email=x@mirror.example', ...args]);
  await git('init', '-q', '-b', 'main');
  await git('add', '.');
  await git('commit', '-q', '-m', 'first');
  await git('clone', '-q', '--bare', work, bare);
  await run('git', ['-C', bare, 'update-server-info']);
}
