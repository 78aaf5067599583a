// Answers of servers, and how a bad one becomes an error that a person can act on.
import type { ErrorCode } from '../core/error.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactText, redactUrl } from '../core/redact.ts';

/** By lower-case name. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface AnswerHead {
  readonly status: number;
  readonly headers: Headers;
  /** What answered in the end, after redirects. */
  readonly url: URL;
}

/** An answer whose body was small enough to be read whole; of an error's body, the start. */
export interface Answer extends AnswerHead {
  readonly bytes: Uint8Array;
}

/** The header's one value; the first, if a server sent several. */
export function headerOf({ headers }: AnswerHead, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** An entry of the `errors` list that registries answer (distribution-spec, Error Codes). */
export interface RegistryError {
  readonly code: string;
  readonly message: string;
}

/** Entries of the error document; empty if the body is anything else. Codes are for messages and retries only: statuses decide. */
export function registryErrors({ bytes }: Answer): RegistryError[] {
  let document: { errors?: unknown; details?: unknown; message?: unknown } | null;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes)) as typeof document;
  } catch {
    return [];
  }
  const list: unknown = document?.errors ?? (document?.details !== undefined ? [document] : []);
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: { code?: unknown; message?: unknown } | null) => {
    const { code, message } = entry ?? {};
    return [{ code: typeof code === 'string' ? code : '', message: typeof message === 'string' ? message : '' }];
  });
}

/** Longer texts of servers are pages, not messages. */
const MESSAGE_LIMIT_CHARS = 300;

/** A stranger's text for one line of a terminal: no control characters, no credentials, not long. */
export function safeText(text: string, limit = MESSAGE_LIMIT_CHARS): string {
  // oxlint-disable-next-line no-control-regex -- they are what is removed
  return redactText(text.slice(0, limit).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')).trim();
}

function detailOf(answer: Answer): string {
  const [first] = registryErrors(answer);
  if (first) return safeText([first.code, first.message].filter(Boolean).join(': '));
  const text = new TextDecoder().decode(answer.bytes);
  return /^\s*[<{]/.test(text) ? '' : safeText(text);
}

function codeOf(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'UNAUTHORIZED';
    case 403:
      return 'FORBIDDEN';
    case 404:
    case 410:
      return 'NOT_FOUND';
    case 429:
      return 'RATE_LIMITED';
    default:
      return status >= 500 ? 'SERVER_ERROR' : 'UNEXPECTED_ANSWER';
  }
}

function generalHint(status: number): string {
  if (status === 401 || status === 403) return 'Check the credentials for this address, and what they may do.';
  if (status === 404 || status === 410) return 'Check the address; private places answer the same to strangers.';
  if (status === 413)
    return 'The server, or a proxy before it, limits the size of bodies: ask its owner to raise the limit.';
  if (status === 429) return 'Wait a while and try again; servers allow more to users who are logged in.';
  if (status >= 500) return 'This is a fault of the server or of a proxy before it: try again later.';
  return 'Check that the address is the one of the service meant, and that no proxy or login page stands in between.';
}

/**
 * The error for an answer that was not hoped for.
 * @param tried verb phrase with its object: `read manifest 1.0 of ghcr.io/acme/app`
 * @param hint in place of the general one
 */
export function answerError(answer: Answer, tried: string, hint?: string): ImageSpecError {
  const { status, url } = answer;
  const detail = detailOf(answer);
  const message = `Could not ${tried}: ${url.host} answered ${status}${detail && ` (${detail})`}`;
  return new ImageSpecError(codeOf(status), message, {
    hint: hint ?? generalHint(status),
    facts: { status, url: redactUrl(url), serverCode: registryErrors(answer)[0]?.code },
  });
}
