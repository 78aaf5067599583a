// A package index on the loopback (PEP 503) with wheels that were made by hand.
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HandmadeWheel } from './handmade-wheel.ts';

export interface PackageIndex {
  /** Where resolvers start. */
  readonly url: string;
  readonly urlOf: (wheel: HandmadeWheel) => string;
  readonly stop: () => Promise<void>;
}

export async function startIndex(wheels: readonly HandmadeWheel[]): Promise<PackageIndex> {
  // Caches keep answers by URL: no two runs may share one, whatever port they get.
  const root = `/${randomUUID()}`;
  const pages = new Map<string, Buffer>();
  const byProject = Map.groupBy(wheels, ({ filename }) => filename.split('-')[0]!.toLowerCase().replace(/[._]+/g, '-'));
  for (const [project, own] of byProject) {
    pages.set(`${root}/simple/${project}/`, Buffer.from(`<!DOCTYPE html>${own.map(linkTo).join('\n')}`));
    for (const { filename, bytes } of own) pages.set(`${root}/files/${filename}`, bytes);
  }
  const server = createServer((request, response) => {
    const page = pages.get(decodeURIComponent(request.url ?? ''));
    const type = request.url?.endsWith('/') ? 'text/html' : 'application/octet-stream';
    response.writeHead(page ? 200 : 404, { 'content-type': type }).end(request.method === 'HEAD' ? undefined : page);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${host}${root}/simple/`,
    urlOf: ({ filename }) => `${host}${root}/files/${filename}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function linkTo({ filename, bytes }: HandmadeWheel): string {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return `<a href="../../files/${encodeURIComponent(filename)}#sha256=${sha256}">${filename}</a>`;
}
