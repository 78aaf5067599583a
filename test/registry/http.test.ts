import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../src/core/digest.ts';
import { drain, expectCode } from '../expect-code.ts';
import type { Fault, Handler, RecordedRequest } from './fake-server.ts';
import { createPlan, listen } from './fake-server.ts';
import { testContext, testHttp } from './setup.ts';

const TLS = join(import.meta.dirname, '..', '..', 'fixtures', 'tls');
const tlsFile = (name: string): string => readFileSync(join(TLS, name), 'utf8');
const tls = { key: tlsFile('server.key'), cert: tlsFile('server.pem') };

interface TestServer {
  readonly url: (path?: string) => URL;
  readonly host: string;
  readonly requests: RecordedRequest[];
}

async function serve(handler: Handler, faults: readonly Fault[] = [], secure = false): Promise<TestServer> {
  const requests: RecordedRequest[] = [];
  const server = await listen('registry', handler, createPlan(faults), requests, secure ? tls : undefined);
  onTestFinished(() => server.close());
  const origin = `${secure ? 'https' : 'http'}://${server.host}`;
  return { url: (path = '/') => new URL(path, origin), host: server.host, requests };
}

const ok: Handler = () => ({ status: 200, body: 'hello' });
const get = (url: URL) => ({ method: 'GET', url }) as const;

describe('request', () => {
  it.each([408, 429, 500, 502, 503, 504])('is sent again after %i, with growing waits', async (status) => {
    const server = await serve(ok, [{ times: 3, go: { status } }]);
    const http = testHttp();
    const answer = await http.request(testContext(), get(server.url()));
    expect([answer.status, Buffer.from(answer.bytes).toString()]).toEqual([200, 'hello']);
    expect(http.waits).toEqual([100, 200, 400]);
  });

  it.each([400, 401, 403, 404, 405, 413, 415, 501])('is not sent again after %i', async (status) => {
    const server = await serve(ok, [{ times: 9, go: { status, body: 'why' } }]);
    const answer = await testHttp().request(testContext(), get(server.url()));
    expect([answer.status, Buffer.from(answer.bytes).toString()]).toEqual([status, 'why']);
    expect(server.requests).toHaveLength(1);
  });

  it('gives the last answer after five tries', async () => {
    const server = await serve(ok, [{ times: 9, go: { status: 503 } }]);
    const answer = await testHttp().request(testContext(), get(server.url()));
    expect([answer.status, server.requests.length]).toEqual([503, 5]);
  });

  it('opens its body anew for each try', async () => {
    const server = await serve(ok, [{ times: 2, go: 'reset' }]);
    let opened = 0;
    const body = {
      size: 4,
      async *open() {
        opened++;
        yield Buffer.from('body');
      },
    };
    await testHttp().request(testContext(), { method: 'POST', url: server.url(), body });
    expect(opened).toBeGreaterThanOrEqual(1);
    expect(server.requests.at(-1)?.body.toString()).toBe('body');
  });

  it('waits as long as the host asked an earlier one to, and says so', async () => {
    const server = await serve(ok, [{ go: { status: 429, headers: { 'retry-after': '7' } } }]);
    const http = testHttp();
    const ctx = testContext();
    const refused = await http.request(ctx, { ...get(server.url('/a')), attempts: http.attempts(1) });
    expect([refused.status, http.waits]).toEqual([429, []]);
    expect((await http.request(ctx, get(server.url('/b')))).status).toBe(200);
    expect(http.waits).toEqual([7_000]);
    const message = `${server.host}: waiting 7.0 s before the next try`;
    expect(ctx.events).toEqual([{ type: 'log', level: 'info', message }]);
  });

  it('reads a bounded part of an error and refuses an answer that is too large', async () => {
    const big = Buffer.alloc(3 << 20, 'x');
    const server = await serve(({ path }) => ({ status: path === '/error' ? 404 : 200, body: big }));
    const http = testHttp();
    const error = await http.request(testContext(), get(server.url('/error')));
    expect(error.bytes.length).toBe(64 << 10);
    await expectCode(() => http.request(testContext(), get(server.url('/large'))), 'TOO_LARGE');
  });

  it('gives up on a server that does not answer', async () => {
    const server = await serve(ok, [{ times: 9, go: 'hang' }]);
    const http = testHttp();
    const request = { ...get(server.url()), headersTimeoutMs: 100, attempts: http.attempts(1) };
    await expectCode(() => http.request(testContext(), request), 'NETWORK');
  });

  it('is stopped by its signal, also while it waits', async () => {
    const server = await serve(ok, [{ times: 9, go: { status: 503 } }]);
    const controller = new AbortController();
    const sleep = (_ms: number, signal: AbortSignal): Promise<void> => {
      controller.abort();
      return Promise.reject(signal.reason as Error);
    };
    const ctx = { ...testContext(), signal: controller.signal };
    await expectCode(() => testHttp({ sleep }).request(ctx, get(server.url())), 'ABORTED');
    await expectCode(() => testHttp().request(ctx, get(server.url())), 'ABORTED');
    expect(server.requests).toHaveLength(1);
  });
});

describe('redirects', () => {
  it('keep Authorization on the host and never take it to another', async () => {
    const other = await serve(ok);
    const server = await serve(({ path }) => ({
      status: 302,
      headers: { location: path === '/1' ? '/2' : other.url('/3?sig=a%2Fb').href },
    }));
    const http = testHttp();
    const answer = await http.request(testContext(), {
      ...get(server.url('/1')),
      headers: { authorization: 'secret', accept: 'x' },
    });
    expect(answer.url.href).toBe(other.url('/3?sig=a%2Fb').href);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['secret', 'secret']);
    expect(other.requests[0]?.headers).toMatchObject({ accept: 'x', 'user-agent': 'imagespec/test' });
    expect(other.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('keep method and body with 307, and are no answer to a POST otherwise', async () => {
    const server = await serve(({ path }) =>
      path === '/end' ? { status: 201 } : { status: path === '/kept' ? 307 : 301, headers: { location: '/end' } },
    );
    const body = {
      size: 4,
      async *open() {
        yield Buffer.from('body');
      },
    };
    const http = testHttp();
    expect((await http.request(testContext(), { method: 'PUT', url: server.url('/kept'), body })).status).toBe(201);
    expect(server.requests.at(-1)).toMatchObject({ method: 'PUT', path: '/end' });
    expect(server.requests.at(-1)?.body.toString()).toBe('body');
    expect((await http.request(testContext(), { method: 'POST', url: server.url('/moved') })).status).toBe(301);
  });

  it('in a circle end', async () => {
    const server = await serve(() => ({ status: 302, headers: { location: '/again' } }));
    await expectCode(() => testHttp().request(testContext(), get(server.url())), 'REDIRECT');
    expect(server.requests).toHaveLength(11);
  });

  it('never lead from https to http', async () => {
    const plain = await serve(ok);
    const server = await serve(() => ({ status: 302, headers: { location: plain.url().href } }), [], true);
    const http = testHttp({ ca: tlsFile('ca.pem') });
    await expectCode(() => http.request(testContext(), get(server.url())), 'REDIRECT');
    expect(plain.requests).toEqual([]);
  });
});

describe('TLS', () => {
  it('refuses an unknown authority, at once, and says what to set', async () => {
    const server = await serve(ok, [], true);
    const http = testHttp();
    const error = await expectCode(() => http.request(testContext(), get(server.url())), 'TLS');
    expect(error.hint).toContain('SSL_CERT_FILE');
    expect(http.waits).toEqual([]);
  });

  it.each([
    ['SSL_CERT_FILE', { env: { SSL_CERT_FILE: join(TLS, 'ca.pem') } }],
    ['an option', { ca: tlsFile('ca.pem') }],
  ])('trusts the authority given by %s', async (_title, options) => {
    const server = await serve(ok, [], true);
    const answer = await testHttp(options).request(testContext(), get(server.url()));
    expect(answer.status).toBe(200);
  });

  it('says when SSL_CERT_FILE cannot be read', async () => {
    const server = await serve(ok, [], true);
    const http = testHttp({ env: { SSL_CERT_FILE: join(TLS, 'missing.pem') } });
    const error = await expectCode(() => http.request(testContext(), get(server.url())), 'TLS');
    expect(error.message).toContain('SSL_CERT_FILE');
  });

  it('says when the server speaks plain http', async () => {
    const server = await serve(ok);
    const error = await expectCode(
      () => testHttp().request(testContext(), get(new URL(`https://${server.host}/`))),
      'TLS',
    );
    expect(error.hint).toContain('insecure');
  });
});

describe('proxies', () => {
  interface Proxy {
    readonly host: string;
    readonly seen: string[];
    readonly authorization: (string | undefined)[];
  }

  /** Forwards everything to one server, whatever was asked for. */
  async function startProxy(target: string): Promise<Proxy> {
    const seen: string[] = [];
    const authorization: (string | undefined)[] = [];
    const server: Server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      authorization.push(request.headers['proxy-authorization']);
      response.end('by proxy');
    });
    server.on('connect', (request, socket) => {
      seen.push(`CONNECT ${request.url}`);
      authorization.push(request.headers['proxy-authorization']);
      const [hostname = '', port] = target.split(':');
      const upstream = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      for (const end of [socket, upstream]) end.on('error', () => undefined);
      onTestFinished(() => void upstream.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen, authorization };
  }

  it('take plain requests whole, with their own credentials', async () => {
    const proxy = await startProxy('');
    const http = testHttp({ env: { http_proxy: `http://me:p%40ss@${proxy.host}` } });
    const answer = await http.request(testContext(), get(new URL('http://index.example/simple/')));
    expect(Buffer.from(answer.bytes).toString()).toBe('by proxy');
    expect(proxy.seen).toEqual(['GET http://index.example/simple/']);
    expect(proxy.authorization).toEqual([`Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
  });

  it('tunnel https', async () => {
    const server = await serve(ok, [], true);
    const proxy = await startProxy(server.host);
    const http = testHttp({ env: { HTTPS_PROXY: proxy.host }, ca: tlsFile('ca.pem') });
    const error = await expectCode(
      () => http.request(testContext(), get(new URL('https://registry.example/v2/'))),
      'TLS',
    );
    expect(error.message).toContain('localhost');
    expect(proxy.seen[0]).toBe('CONNECT registry.example:443');
  });
});

describe('download', () => {
  const bytes = Buffer.alloc(2_500_000, 'wheel');
  const expected = { digest: digestOf(bytes), size: bytes.length };
  const file: Handler = ({ headers }) => {
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? -1);
    if (start < 0) return { status: 200, body: bytes };
    const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    return { status: 206, headers: { 'content-range': range }, body: bytes.subarray(start) };
  };

  it('is verified', async () => {
    const server = await serve(file);
    const read = await drain(testHttp().download(testContext(), server.url('/a.whl'), { expected }));
    expect(read.equals(bytes)).toBe(true);
    const other = { ...expected, digest: digestOf('other') };
    const bad = testHttp().download(testContext(), server.url('/a.whl'), { expected: other, what: 'wheel a' });
    const error = await expectCode(() => drain(bad), 'DIGEST_MISMATCH');
    expect(error.message).toContain('wheel a');
  });

  it('goes on where the connection broke, as often as there is progress', async () => {
    const server = await serve(file, [{ times: 2, go: { cutAfter: 1_200_000 } }]);
    const url = server.url('/a.whl').href;
    const headers = { authorization: 'Basic eA==' };
    expect((await drain(testHttp().download(testContext(), url, { expected, headers }))).equals(bytes)).toBe(true);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Basic eA==',
      'Basic eA==',
      'Basic eA==',
    ]);
    expect(server.requests[0]?.headers).toMatchObject({ 'accept-encoding': 'identity' });
  });

  it('is not pieced together without a digest', async () => {
    const server = await serve(file, [{ go: { cutAfter: 1000 } }]);
    await expectCode(() => drain(testHttp().download(testContext(), server.url())), 'NETWORK');
  });

  it('refuses a range that was not asked for', async () => {
    const odd: Handler = (request) =>
      request.headers.range
        ? { status: 206, headers: { 'content-range': 'bytes 2000000-2499999/2500000' }, body: 'x' }
        : file(request);
    const server = await serve(odd, [{ go: { cutAfter: 1000 } }]);
    await expectCode(() => drain(testHttp().download(testContext(), server.url(), { expected })), 'UNEXPECTED_ANSWER');
  });

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'FORBIDDEN'],
    [404, 'NOT_FOUND'],
    [429, 'RATE_LIMITED'],
    [500, 'SERVER_ERROR'],
  ] as const)('throws for %i', async (status, code) => {
    const server = await serve(() => ({ status }));
    const url = server.url('/a.whl?token=secret');
    const error = await expectCode(() => drain(testHttp().download(testContext(), url, { expected })), code);
    expect(error.message).not.toContain('secret');
  });
});
