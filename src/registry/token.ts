// The token exchange (distribution docs, spec/auth): what to ask a token server, and what its answer says. Asking is done elsewhere.
import { ImageSpecError } from '../core/error.ts';
import { redactUrl } from '../core/redact.ts';
import type { Answer } from './answer.ts';
import type { Challenge } from './challenge.ts';
import type { Credential } from './credential-file.ts';
import { isNear } from './host.ts';

/** Named to token servers that want to know who asks (OAuth2 `client_id`). */
const CLIENT_ID = 'imagespec';

/** Tokens without a lifetime live 60 s, and shorter ones are meant so too: older servers count in odd ways (distribution docs). */
const LEAST_LIFETIME_MS = 60_000;
/** Taken off a lifetime, so that no token dies on its way (ms). */
const MARGIN_MS = 5_000;
/** Tokens with many rights have some kilobytes. */
export const TOKEN_ANSWER_LIMIT_BYTES = 64 << 10;

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly form: string | undefined;
}

/** The server that a Bearer challenge names, if our secrets may go there. Throws `UNEXPECTED_ANSWER`. */
export function realmOf(challenge: Challenge, origin: string): URL {
  const from = new URL(origin);
  const realm = URL.parse(challenge.parameters.get('realm') ?? '');
  const refuse = (why: string): ImageSpecError =>
    new ImageSpecError('UNEXPECTED_ANSWER', `${from.host} sends for a token to ${why}, which is not followed`, {
      hint: 'The registry is set up wrongly, or something stands in between: ask its owner.',
      facts: { url: redactUrl(from) },
    });
  if (!realm) throw refuse('an address that is not a URL');
  const isSafe = realm.protocol === 'https:' || (realm.protocol === 'http:' && from.protocol === 'http:');
  if (!isSafe) throw refuse(`${redactUrl(realm)} without TLS`);
  if (isNear(realm.hostname) && !isNear(from.hostname)) throw refuse(`the private address ${realm.host}`);
  return realm;
}

/**
 * The question for a token with these scopes: GET, which all servers know; the OAuth2 form only for identity tokens, which have no
 * other way. @param scopes the first one first: some servers read no other
 */
export function tokenQuestion(
  realm: URL,
  service: string | undefined,
  scopes: readonly string[],
  credential: Credential | undefined,
): Question {
  if (credential?.kind === 'identity') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: CLIENT_ID,
      refresh_token: credential.token,
      scope: scopes.join(' '),
    });
    if (service !== undefined) form.set('service', service);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url: realm, headers, form: form.toString() };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.append('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credential?.kind !== 'basic') return { method: 'GET', url, headers: {}, form: undefined };
  url.searchParams.append('account', credential.username);
  return { method: 'GET', url, headers: { authorization: basicHeader(credential) }, form: undefined };
}

export function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

export interface Token {
  readonly header: string;
  /** By the clock that `now` came from. */
  readonly until: number;
}

/** Reads the answer of a token server. Throws `UNEXPECTED_ANSWER`. */
export function parseToken(answer: Answer, now: number): Token {
  const document = documentOf(answer);
  const token = [document.token, document.access_token].find((value) => typeof value === 'string' && value !== '');
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new ImageSpecError('UNEXPECTED_ANSWER', `The token server ${answer.url.host} answered without a token`, {
      hint: 'Check that no proxy or login page stands in between.',
      facts: { url: redactUrl(answer.url), status: answer.status },
    });
  }
  const seconds = typeof document.expires_in === 'number' ? document.expires_in : 0;
  return { header: `Bearer ${token}`, until: now + Math.max(seconds * 1000, LEAST_LIFETIME_MS) - MARGIN_MS };
}

/** What is not JSON has no token; the text may hold one all the same, so that it is never quoted. */
function documentOf({ bytes }: Answer): { token?: unknown; access_token?: unknown; expires_in?: unknown } {
  try {
    return (JSON.parse(new TextDecoder().decode(bytes)) as ReturnType<typeof documentOf> | null) ?? {};
  } catch {
    return {};
  }
}
