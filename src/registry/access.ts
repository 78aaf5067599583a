// Access to registries: requests with the right Authorization, and warnings passed on. Shared by the stores of one build.
import type { Context } from '../core/context.ts';
import type { ImageSpecError } from '../core/error.ts';
import type { Answer, AnswerHead } from './answer.ts';
import { answerError, headerOf, safeText } from './answer.ts';
import type { Attempts } from './attempts.ts';
import type { Authorizer } from './authorizer.ts';
import { createAuthorizer } from './authorizer.ts';
import { bestChallenge, parseChallenges } from './challenge.ts';
import type { CredentialsOptions } from './credentials.ts';
import { createCredentials } from './credentials.ts';
import { hintFor } from './hint.ts';
import type { Place } from './hint.ts';
import { apiOrigin } from './host.ts';
import type { Http } from './http.ts';
import type { Body, HttpRequest, OpenAnswer } from './request.ts';
import type { Question } from './token.ts';
import { TOKEN_ANSWER_LIMIT_BYTES } from './token.ts';

interface RegistryRequest extends Omit<HttpRequest, 'url'> {
  /** Path below the repository (`/manifests/1.0`), or the address of an upload session. */
  readonly to: string | URL;
  /** What the token must allow, our own repository first. */
  readonly scopes: readonly string[];
  readonly answerLimitBytes?: number;
}

/** One repository, ready to be asked. */
export interface Repository extends Place {
  /** `docker.io/library/python` */
  readonly name: string;
  /** Answers of any status, but a 401 only after credentials were tried. Throws what `Http.request` does, `UNAUTHORIZED`, `CREDENTIALS`. */
  readonly request: (ctx: Context, request: RegistryRequest) => Promise<Answer>;
  /** The same, with the body of a success as a stream. */
  readonly open: (ctx: Context, request: RegistryRequest) => Promise<OpenAnswer>;
  readonly attempts: (max: number) => Attempts;
  /** The error for an answer that was not hoped for. */
  readonly errorFor: (ctx: Context, answer: Answer, tried: string) => Promise<ImageSpecError>;
}

export interface RegistryAccess {
  /** @param insecure true: plain http; false: https even on loopback; undefined: http on loopback, https elsewhere */
  readonly repository: (registry: string, repository: string, insecure?: boolean) => Repository;
}

export interface AccessOptions extends CredentialsOptions {
  readonly http: Http;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Reads no credentials before the first request. Tokens are kept as long as this lives; `http` stays the caller's to close. */
export function createAccess({ http, env, home, now }: AccessOptions): RegistryAccess {
  const ask = (ctx: Context, question: Question): Promise<Answer> => askForToken(ctx, http, question);
  const authorizer = createAuthorizer({ credentials: createCredentials({ env, home }), ask, now });
  const warn = createWarner();
  return {
    repository: (registry, repository, insecure) => {
      const place: Place = { registry, repository, origin: apiOrigin(registry, insecure) };
      return {
        ...place,
        name: `${registry}/${repository}`,
        request: (ctx, request) =>
          authorized(ctx, authorizer, place, request, async (ready) => warn(ctx, await http.request(ctx, ready))),
        open: (ctx, request) =>
          authorized(ctx, authorizer, place, request, async (ready) => warn(ctx, await http.open(ctx, ready))),
        attempts: http.attempts,
        errorFor: async (ctx, answer, tried) => {
          const from = answer.status === 401 ? await authorizer.credentialFrom(ctx, place) : undefined;
          return answerError(answer, tried, hintFor(place, answer, from));
        },
      };
    },
  };
}

function askForToken(ctx: Context, http: Http, { method, url, headers, form }: Question): Promise<Answer> {
  const body = form === undefined ? undefined : bodyOf(new TextEncoder().encode(form));
  return http.request(ctx, { method, url, headers, body, answerLimitBytes: TOKEN_ANSWER_LIMIT_BYTES });
}

/** A small document as a body that can be sent again. */
export function bodyOf(bytes: Uint8Array): Body {
  return {
    size: bytes.length,
    async *open() {
      yield bytes;
    },
  };
}

/** Sends with what is known, and once more with what the answer asks for: no loop. */
async function authorized<T extends AnswerHead>(
  ctx: Context,
  authorizer: Authorizer,
  place: Place,
  { to, scopes, ...request }: RegistryRequest,
  send: (request: HttpRequest & { readonly answerLimitBytes?: number }) => Promise<T>,
): Promise<T> {
  const url = typeof to === 'string' ? new URL(`/v2/${place.repository}${to}`, place.origin) : to;
  const sendWith = (authorization: string | undefined): Promise<T> =>
    send({ ...request, url, headers: { ...request.headers, ...(authorization && { authorization }) } });
  const before = url.origin === place.origin ? await authorizer.before(ctx, place, scopes) : undefined;
  const answer = await sendWith(before);
  // What another host says, to which we were sent, is not the registry's challenge.
  if (answer.url.origin !== place.origin || !asksForMore(answer)) return answer;
  const after = await authorizer.after(ctx, place, scopes, answer, before);
  return after === undefined ? answer : sendWith(after);
}

function asksForMore(answer: AnswerHead): boolean {
  if (answer.status !== 403) return answer.status === 401;
  const challenge = bestChallenge(parseChallenges(answer.headers['www-authenticate']));
  return challenge?.parameters.get('error') === 'insufficient_scope';
}

/** A registry's warning is printed once per text, at most this much of it and so many (distribution-spec, Warnings). */
const WARNING_LIMIT_CHARS = 4096;
const WARNING_LIMIT = 100;

function createWarner(): <T extends AnswerHead>(ctx: Context, answer: T) => T {
  const said = new Set<string>();
  return (ctx, answer) => {
    const header = (headerOf(answer, 'warning') ?? '').slice(0, 2 * WARNING_LIMIT_CHARS);
    for (const [, quoted = ''] of header.matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
      const text = `${answer.url.host} warns: ${safeText(quoted.replace(/\\(.)/g, '$1'), WARNING_LIMIT_CHARS)}`;
      if (said.has(text) || said.size >= WARNING_LIMIT) continue;
      said.add(text);
      ctx.emit({ type: 'log', level: 'warning', message: text });
    }
    return answer;
  };
}
