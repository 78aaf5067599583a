// Trying again: how often, how long to wait in between, and what servers say about that.
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import type { AnswerHead } from './answer.ts';
import { headerOf } from './answer.ts';

/** Waits between tries double from the first to the last of these (ms); each is drawn at random up to it ("full jitter"). */
const FIRST_WAIT_MS = 200;
const LAST_WAIT_MS = 10_000;
/** Whatever a `Retry-After` says: a build that stands still for longer had better fail and say why. */
const RETRY_AFTER_LIMIT_MS = 60_000;

/** Tries of one request. */
export const REQUEST_ATTEMPTS = 5;

/** Counts the failures of one operation, so that retries within retries do not multiply. */
export interface Attempts {
  /** Counts a failure. True, after a wait, if there may be another try. Throws `ABORTED`. */
  readonly again: (ctx: Context, host: string) => Promise<boolean>;
}

export interface Patience {
  readonly attempts: (max: number) => Attempts;
  /** Waits as long as the host asked all of us to. */
  readonly wait: (ctx: Context, host: string) => Promise<void>;
  /** Notes an answer's `Retry-After` for its host. */
  readonly note: (answer: AnswerHead, host: string) => void;
}

export interface PatienceOptions {
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Milliseconds; only differences and, where a server sends no date, the date matter. */
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** From this on a wait is worth a word to the user (ms). */
const LONG_WAIT_MS = 3_000;

export function createPatience({ random, now, sleep }: PatienceOptions): Patience {
  const busyUntil = new Map<string, number>();
  const pause = async (ctx: Context, ms: number, host: string): Promise<void> => {
    if (ms <= 0) return;
    const level = ms >= LONG_WAIT_MS ? 'info' : 'debug';
    ctx.emit({ type: 'log', level, message: `${host}: waiting ${(ms / 1000).toFixed(1)} s before the next try` });
    await sleep(ms, ctx.signal).catch(() => undefined);
    throwIfAborted(ctx);
  };
  const attempts = (max: number): Attempts => {
    let failed = 0;
    return {
      again: async (ctx, host) => {
        throwIfAborted(ctx);
        if (++failed >= max) return false;
        await pause(ctx, random() * Math.min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failed - 1)), host);
        return true;
      },
    };
  };
  return {
    attempts,
    wait: (ctx, host) => pause(ctx, (busyUntil.get(host) ?? 0) - now(), host),
    note: (answer, host) => {
      const ms = retryAfterMs(answer, now());
      if (ms !== undefined) busyUntil.set(host, now() + ms);
    },
  };
}

/** `Retry-After` in milliseconds from now: seconds, or a date measured by the server's own clock (RFC 9110, 10.2.3). */
export function retryAfterMs(answer: AnswerHead, now: number): number | undefined {
  const text = headerOf(answer, 'retry-after');
  if (text === undefined) return undefined;
  const serverNow = Date.parse(headerOf(answer, 'date') ?? '');
  const ms = /^\s*\d+\s*$/.test(text)
    ? Number(text) * 1000
    : Date.parse(text) - (Number.isNaN(serverNow) ? now : serverNow);
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_LIMIT_MS);
}

/** Statuses that may be other the next time; 500 included, since proxies and registries answer it for what passes. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status === 500 || (status >= 502 && status <= 504);
}
