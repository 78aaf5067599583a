// The one place that talks http: time-outs, redirects, retries and resumed downloads, lent to whoever fetches something.
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import type { Answer, AnswerHead } from './answer.ts';
import type { Attempts, Patience } from './attempts.ts';
import { createPatience, isTransientStatus, REQUEST_ATTEMPTS } from './attempts.ts';
import { createNetwork } from './connect.ts';
import type { DownloadOptions } from './download.ts';
import { download } from './download.ts';
import type { Exchange } from './exchange.ts';
import { exchange } from './exchange.ts';
import { isPassing } from './network-error.ts';

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

export interface Body {
  /** Opened anew for each try and each hop. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /** Exact, in bytes. */
  readonly size: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: URL;
  /** Lower-case names. `authorization` never leaves the host of `url`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body | undefined;
  /** From the end of the request to the head of the answer; 30 s unless said otherwise. */
  readonly headersTimeoutMs?: number | undefined;
  /** Shared with other requests of one operation; five tries unless said otherwise. */
  readonly attempts?: Attempts | undefined;
  /** Overrules by status and body whether an error may pass; undefined leaves it to the usual rule (408, 429, 500, 502 to 504). */
  readonly isTransient?: ((answer: Answer) => boolean | undefined) | undefined;
}

/** An answer with a body to read, or (status 400 and above) an error whose start has been read already. */
export interface OpenAnswer extends AnswerHead {
  /** Must be read, or left early, which closes the connection. Empty for errors. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly error: Answer | undefined;
}

export interface Http {
  /**
   * Sends a request, again if it fails in passing, and reads the whole answer, of any status; at most 64 KiB of an error,
   * `answerLimitBytes` of anything else. Every method is sent again: whoever sends what must not be repeated gives `attempts`.
   * Throws `NETWORK`, `TLS`, `REDIRECT`, `TOO_LARGE`, `ABORTED`.
   */
  readonly request: (ctx: Context, request: HttpRequest & { readonly answerLimitBytes?: number }) => Promise<Answer>;
  /** The same, but leaves the body of a success to be read as a stream. */
  readonly open: (ctx: Context, request: HttpRequest) => Promise<OpenAnswer>;
  /**
   * Bytes of a file, resumed where a connection breaks if `expected` is known, and then verified.
   * Throws `NOT_FOUND`, `UNAUTHORIZED`, `FORBIDDEN`, `RATE_LIMITED`, `SERVER_ERROR`, `UNEXPECTED_ANSWER` too.
   */
  readonly download: (ctx: Context, url: string | URL, options?: DownloadOptions) => AsyncIterable<Uint8Array>;
  readonly attempts: (max: number) => Attempts;
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
