// The one place that talks http: time-outs, redirects, retries and resumed downloads, lent to whoever fetches something.
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import type { Answer } from './answer.ts';
import type { Patience } from './attempts.ts';
import { createPatience, isTransientStatus, REQUEST_ATTEMPTS } from './attempts.ts';
import { createNetwork } from './connect.ts';
import type { DownloadOptions } from './download.ts';
import { download } from './download.ts';
import type { Exchange } from './exchange.ts';
import { exchange } from './exchange.ts';
import { isPassing } from './network-error.ts';
import type { HttpRequest, OpenAnswer, Requester } from './request.ts';

export interface HttpOptions {
  /** Proxy variables and `SSL_CERT_FILE` are read from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `imagespec/1.2.3` */
  readonly userAgent: string;
  /** 0 ≤ x < 1: spreads retries. */
  readonly random: () => number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Further trusted authorities, PEM. */
  readonly ca?: string | undefined;
  /** Waits between tries; tests need not wait. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

export interface Http extends Requester {
  /**
   * Sends a request, again if it fails in passing, and reads the whole answer, of any status; at most 64 KiB of an error,
   * `answerLimitBytes` of anything else. Every method is sent again: whoever sends what must not be repeated gives `attempts`.
   * Throws `NETWORK`, `TLS`, `REDIRECT`, `TOO_LARGE`, `ABORTED`.
   */
  readonly request: (ctx: Context, request: HttpRequest & { readonly answerLimitBytes?: number }) => Promise<Answer>;
  /**
   * Bytes of a file, resumed where a connection breaks if `expected` is known, and then verified.
   * Throws `NOT_FOUND`, `UNAUTHORIZED`, `FORBIDDEN`, `RATE_LIMITED`, `SERVER_ERROR`, `UNEXPECTED_ANSWER` too.
   */
  readonly download: (ctx: Context, url: string | URL, options?: DownloadOptions) => AsyncIterable<Uint8Array>;
  /** Closes idle connections; requests still running fail. */
  readonly close: () => Promise<void>;
}

/** Opens nothing before the first request. To be closed by whoever created it. */
export function createHttp(options: HttpOptions): Http {
  const { userAgent, random, now, sleep = (ms, signal) => delay(ms, undefined, { signal }) } = options;
  const network = createNetwork(options);
  const patience = createPatience({ random, now, sleep });
  const send = (ctx: Context, request: HttpRequest): Promise<Exchange> =>
    exchange(ctx, network, { ...request, headers: { 'user-agent': userAgent, ...request.headers } });
  const http: Http = {
    request: (ctx, request) =>
      retried(ctx, patience, request, async () => (await send(ctx, request)).whole(request.answerLimitBytes)),
    open: (ctx, request) => retried(ctx, patience, request, async () => openAnswer(await send(ctx, request))),
    download: (ctx, url, more = {}) => download(ctx, http, new URL(url), more),
    attempts: patience.attempts,
    close: network.close,
  };
  return http;
}

async function openAnswer({ head, body, whole }: Exchange): Promise<OpenAnswer> {
  return head.status < 400
    ? { ...head, body: body(), error: undefined }
    : { ...head, body: nothing(), error: await whole() };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Sends until there is an answer that is final, or no attempt is left; then the last answer or failure stands. */
async function retried<T extends Answer | OpenAnswer>(
  ctx: Context,
  patience: Patience,
  request: HttpRequest,
  send: () => Promise<T>,
): Promise<T> {
  const { host } = request.url;
  const attempts = request.attempts ?? patience.attempts(REQUEST_ATTEMPTS);
  for (;;) {
    throwIfAborted(ctx);
    await patience.wait(ctx, host);
    try {
      const answer = await send();
      if (answer.status < 400) return answer;
      const whole: Answer | undefined = 'error' in answer ? answer.error : answer;
      const isTransient = (whole && request.isTransient?.(whole)) ?? isTransientStatus(answer.status);
      if (!isTransient) return answer;
      patience.note(answer, host);
      if (!(await attempts.again(ctx, host))) return answer;
    } catch (error) {
      if (!isPassing(error) || !(await attempts.again(ctx, host))) throw error;
    }
  }
}
