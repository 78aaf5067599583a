// What is asked of a server and what comes back, in the words that all of http here shares.
import type { Context } from '../core/context.ts';
import type { Answer, AnswerHead } from './answer.ts';
import type { Attempts } from './attempts.ts';

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

export interface Requester {
  /**
   * Sends a request, again if it fails in passing, and leaves the body of a success to be read as a stream.
   * Throws `NETWORK`, `TLS`, `REDIRECT`, `ABORTED`.
   */
  readonly open: (ctx: Context, request: HttpRequest) => Promise<OpenAnswer>;
  /** Tries that several requests share. */
  readonly attempts: (max: number) => Attempts;
}
