// What goes between a pool and its worker threads: plain data, errors of ours included.
import type { Context } from '../core/context.ts';
import type { ErrorCode, ErrorFacts } from '../core/error.ts';
import { ImageSpecError, isImageSpecError, messageOf } from '../core/error.ts';

export type ToWorker =
  /** `module` is the URL of a `WorkModule`. */
  | { readonly type: 'work'; readonly module: string; readonly request: unknown }
  | { readonly type: 'load'; readonly module: string }
  | { readonly type: 'abort' };

export interface WorkModule {
  readonly work: (ctx: Context, request: unknown, onProgress?: (done: number) => void) => Promise<unknown>;
}

export async function loadWork(module: string): Promise<WorkModule> {
  return (await import(module)) as WorkModule;
}

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
