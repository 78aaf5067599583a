// What goes between a packer and its worker threads: plain data, errors of ours included.
import type { ErrorCode, ErrorFacts } from '../core/error.ts';
import { ImageSpecError, isImageSpecError, messageOf } from '../core/error.ts';
import type { PackRequest } from './pack.ts';
import type { PackedLayer } from './recipe.ts';

export type ToWorker =
  { readonly type: 'pack'; readonly request: Omit<PackRequest, 'onProgress'> } | { readonly type: 'abort' };

export type FromWorker =
  | { readonly type: 'progress'; readonly done: number }
  | { readonly type: 'packed'; readonly packed: PackedLayer }
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

export function sendError(error: unknown): FromWorker {
  if (!isImageSpecError(error)) return { type: 'broken', error };
  const { code, message, hint, facts, issues } = error;
  const cause = error.cause === undefined ? undefined : messageOf(error.cause);
  return { type: 'failed', error: { code, message, hint, facts, issues, cause } };
}

export function receiveError({ code, message, cause, ...details }: SentError): ImageSpecError {
  return new ImageSpecError(code, message, { ...details, cause: cause === undefined ? undefined : new Error(cause) });
}
