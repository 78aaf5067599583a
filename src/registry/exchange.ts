// One request to one answer: redirects followed, time-outs kept, failures put into words. Nothing is tried twice here.
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Context } from '../core/context.ts';
import { readAll } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactUrl } from '../core/redact.ts';
import type { Answer, AnswerHead } from './answer.ts';
import { headerOf } from './answer.ts';
import type { Network } from './connect.ts';
import { networkError } from './network-error.ts';
import { followed, headersFor, isRedirect, REDIRECT_LIMIT } from './redirect.ts';
import type { Body, HttpRequest } from './request.ts';

/** Until the head of an answer; registries think longer only when they commit an upload. */
const HEADERS_TIMEOUT_MS = 30_000;
/** A connection over which no byte passes for so long is dead; there is no limit on the whole, since layers are large and links slow. */
const STALL_TIMEOUT_MS = 60_000;
/** Error documents are small, but a 416 may announce the whole blob (distribution 2.8): read so much, for so long, and no more. */
const ERROR_LIMIT_BYTES = 64 << 10;
const ERROR_TIMEOUT_MS = 1_000;
/** Answers read whole: tokens, upload confirmations. */
const ANSWER_LIMIT_BYTES = 1 << 20;

export interface Exchange {
  readonly head: AnswerHead;
  /** The body as a stream. */
  readonly body: () => AsyncIterable<Uint8Array>;
  /** Head and body; of an error (400 and above) only the start, and without complaint about its end. */
  readonly whole: (limit?: number) => Promise<Answer>;
}

/** Throws `NETWORK`, `TLS`, `REDIRECT`, `ABORTED`. */
export async function exchange(ctx: Context, network: Network, request: HttpRequest): Promise<Exchange> {
  let hop = { url: request.url, headers: request.headers ?? {} };
  for (let hops = 0; ; hops++) {
    const answer = await send(ctx, network, { ...request, ...hop });
    const head: AnswerHead = { status: answer.statusCode, headers: answer.headers, url: hop.url };
    if (!isFollowed(request.method, head.status)) return exchanged(ctx, head, answer);
    await answer.body.dump({ limit: ERROR_LIMIT_BYTES }).catch(() => undefined);
    const url = followed(headerOf(head, 'location'), hop.url);
    if (hops === REDIRECT_LIMIT) {
      throw new ImageSpecError('REDIRECT', `${request.url.host} redirected more than ${REDIRECT_LIMIT} times`, {
        hint: 'The server redirects in a circle: ask its owner.',
        facts: { url: redactUrl(request.url) },
      });
    }
    hop = { url, headers: headersFor(hop.headers, hop.url, url) };
  }
}

/** Methods that carry something keep method and body only with 307 and 308 (RFC 9110, 15.4): other redirects of theirs are no answer. */
function isFollowed(method: string, status: number): boolean {
  return isRedirect(status) && (method === 'GET' || method === 'HEAD' || status === 307 || status === 308);
}

async function send(ctx: Context, network: Network, request: HttpRequest): Promise<Dispatcher.ResponseData> {
  const { url, method, headers, body } = request;
  const stall = new AbortController();
  try {
    const dispatcher = await network.dispatcherFor(url);
    return await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { ...headers, ...(body && { 'content-length': String(body.size) }) },
      // undici takes any async iterable; its types do not say so.
      body: body && body.size > 0 ? (watched(body, url, stall) as unknown as Readable) : null,
      signal: body ? AbortSignal.any([ctx.signal, stall.signal]) : ctx.signal,
      headersTimeout: request.headersTimeoutMs ?? HEADERS_TIMEOUT_MS,
      bodyTimeout: STALL_TIMEOUT_MS,
    });
  } catch (error) {
    throw networkError(ctx, error, url);
  }
}

/** The body, with an eye on the receiver: the time the source takes is not its fault. */
async function* watched(body: Body, url: URL, stall: AbortController): AsyncGenerator<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  const giveUp = (): void => {
    const text = `The connection to ${url.host} failed: it took no bytes for ${STALL_TIMEOUT_MS / 1000} s`;
    stall.abort(new ImageSpecError('NETWORK', text, { hint: 'Check the network and try again.' }));
  };
  try {
    for await (const chunk of body.open()) {
      timer = setTimeout(giveUp, STALL_TIMEOUT_MS);
      yield chunk;
      clearTimeout(timer);
    }
  } finally {
    clearTimeout(timer);
  }
}

function exchanged(ctx: Context, head: AnswerHead, answer: Dispatcher.ResponseData): Exchange {
  const body = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of answer.body) yield chunk as Uint8Array;
    } catch (error) {
      throw networkError(ctx, error, head.url);
    }
  };
  const whole = async (limit = ANSWER_LIMIT_BYTES): Promise<Answer> => {
    if (head.status >= 400) return { ...head, bytes: await startOf(answer.body) };
    return { ...head, bytes: await readAll(body(), limit, `the answer of ${redactUrl(head.url)}`) };
  };
  return { head, body, whole };
}

async function startOf(body: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const timer = setTimeout(() => body.destroy(), ERROR_TIMEOUT_MS);
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= ERROR_LIMIT_BYTES) break;
    }
  } catch {
    // The status is the answer; its explanation may be cut.
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).subarray(0, ERROR_LIMIT_BYTES);
}
