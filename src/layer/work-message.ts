// What goes between a pool and its worker threads: plain data, errors of ours included.
import type { ErrorCode, ErrorFacts } from '../core/error.ts';
import { ImageSpecError, isImageSpecError, messageOf } from '../core/error.ts';

export type ToWorker<Request> = { readonly type: 'work'; readonly request: Request } | { readonly type: 'abort' };

export type FromWorker<Result> =
  | { readonly type: 'progress'; readonly done: number }
  | { readonly type: 'done'; readonly result: Result }
  | { readonly type: 'failed'; readonly error: SentError }
  /** A bug of ours, cloned with its stack. */
  | { readonly type: 'broken'; readonly error: unknown };

interface SentError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly facts: ErrorFacts;
  readonly issues: readonly string[];
  readonly cause: string | undefined;
}

export function sendError(error: unknown): FromWorker<never> {
  if (!isImageSpecError(error)) return { type: 'broken', error };
  const { code, message, hint, facts, issues } = error;
  const cause = error.cause === undefined ? undefined : messageOf(error.cause);
  return { type: 'failed', error: { code, message, hint, facts, issues, cause } };
}

export function receiveError({ code, message, cause, ...details }: SentError): ImageSpecError {
  return new ImageSpecError(code, message, { ...details, cause: cause === undefined ? undefined : new Error(cause) });
}
