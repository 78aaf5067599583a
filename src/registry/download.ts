// Long bodies: where a connection breaks, the rest is asked for, on the first URL again, since signed redirects expire.
import type { Context } from '../core/context.ts';
import type { Expected } from '../core/digest.ts';
import { verified } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactUrl } from '../core/redact.ts';
import type { AnswerHead } from './answer.ts';
import { answerError, headerOf } from './answer.ts';
import type { Attempts } from './attempts.ts';
import { isPassing } from './network-error.ts';
import type { OpenAnswer, Requester } from './request.ts';

export interface DownloadOptions {
  /** `authorization` among them, if the place wants one. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes the bytes verified, and a broken download resumable: without it nobody could tell that the file is still the same. */
  readonly expected?: Expected | undefined;
  /** The reader checks the bytes against a digest of its own: a broken download can be resumed then, too. */
  readonly isCheckedByReader?: boolean;
  /** Names the file in messages; the URL unless said otherwise. */
  readonly what?: string;
}

/** Breaks of one body without progress in between; a flaky link that moves on is given time. */
const BREAK_LIMIT = 5;
/** What counts as progress (bytes): less may be one lucky buffer. */
const PROGRESS_BYTES = 1 << 20;

/** Compressed transfers would change the bytes that a digest was made of. */
const IDENTITY = { 'accept-encoding': 'identity' };

export async function* download(
  ctx: Context,
  http: Requester,
  url: URL,
  { headers, expected, isCheckedByReader = false, what = redactUrl(url) }: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  const ask = async (range: Readonly<Record<string, string>>): Promise<OpenAnswer> => {
    const answer = await http.open(ctx, { method: 'GET', url, headers: { ...headers, ...range } });
    if (answer.error && answer.status !== 416) throw answerError(answer.error, `download ${what}`);
    return answer;
  };
  if (expected) yield* verified(resuming(ctx, http, ask, url.host), expected, what);
  else if (isCheckedByReader) yield* resuming(ctx, http, ask, url.host);
  else yield* (await ask(IDENTITY)).body;
}

/**
 * The whole body over as many answers as it takes. `ask` sends the same request with further headers and throws for every error but 416.
 * The bytes need a check by whoever reads them.
 */
export async function* resuming(
  ctx: Context,
  http: Pick<Requester, 'attempts'>,
  ask: (headers: Readonly<Record<string, string>>) => Promise<OpenAnswer>,
  host: string,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  let safe = 0;
  let breaks: Attempts = http.attempts(BREAK_LIMIT);
  let mayRange = true;
  for (;;) {
    const answer = await ask(done > 0 && mayRange ? { ...IDENTITY, range: `bytes=${done}-` } : IDENTITY);
    if (answer.status === 416 && mayRange) {
      mayRange = false;
      continue;
    }
    try {
      for await (const chunk of from(answer, done)) {
        done += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      if (done - safe >= PROGRESS_BYTES) breaks = http.attempts(BREAK_LIMIT);
      safe = done;
      if (!isPassing(error) || !(await breaks.again(ctx, host))) throw error;
    }
  }
}

/** The part of the body from `offset` on: a server that ignores ranges sends all of it again. */
async function* from(answer: OpenAnswer, offset: number): AsyncGenerator<Uint8Array> {
  const start = answer.status === 200 ? 0 : rangeStart(answer);
  if (start === undefined || start > offset) throw oddAnswer(answer, offset);
  let skip = offset - start;
  for await (const chunk of answer.body) {
    if (chunk.length > skip) yield skip > 0 ? chunk.subarray(skip) : chunk;
    skip = Math.max(0, skip - chunk.length);
  }
}

/** First byte of `Content-Range: bytes 500-999/1000` (RFC 9110, 14.4); undefined unless the answer is such a part. */
function rangeStart(answer: AnswerHead): number | undefined {
  const [, start] = /^bytes (\d+)-/.exec(headerOf(answer, 'content-range') ?? '') ?? [];
  return answer.status === 206 && start !== undefined ? Number(start) : undefined;
}

function oddAnswer({ url, status }: AnswerHead, offset: number): ImageSpecError {
  const message = `${url.host} answered ${status}, and not with the bytes from ${offset} on that it was asked for`;
  return new ImageSpecError('UNEXPECTED_ANSWER', message, {
    hint: 'A proxy in between may be at fault: try again, or from another network.',
    facts: { url: redactUrl(url), status },
  });
}
