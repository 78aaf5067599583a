// What to put into the Authorization header, and what to do after a 401. Knows no HTTP client: the fast path and the store each lend theirs.
import type { Context } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import { Once } from '../core/once.ts';
import type { Answer, AnswerHead } from './answer.ts';
import { answerError } from './answer.ts';
import type { Challenge } from './challenge.ts';
import { bestChallenge, parseChallenges } from './challenge.ts';
import type { Credential } from './credential-file.ts';
import type { Credentials } from './credentials.ts';
import type { Place } from './hint.ts';
import { loginHint } from './hint.ts';
import type { Question, Token } from './token.ts';
import { basicHeader, parseToken, realmOf, tokenQuestion } from './token.ts';

export interface Authorizer {
  /** The header to send at first; undefined as long as nobody asked for one. */
  readonly before: (ctx: Context, place: Place, scopes: readonly string[]) => Promise<string | undefined>;
  /**
   * The header to try once more after this answer to `sent`; undefined when there is nothing better. Throws `UNAUTHORIZED` when the token
   * server refuses the credentials, `CREDENTIALS`, `UNEXPECTED_ANSWER`, and what `ask` throws.
   */
  readonly after: (
    ctx: Context,
    place: Place,
    scopes: readonly string[],
    answer: AnswerHead,
    sent: string | undefined,
  ) => Promise<string | undefined>;
  /** Where the credential for the place comes from, for messages. */
  readonly credentialFrom: (ctx: Context, place: Place) => Promise<string | undefined>;
}

export interface AuthorizerOptions {
  readonly credentials: Credentials;
  /** Sends one small request and answers any status. */
  readonly ask: (ctx: Context, question: Question) => Promise<Answer>;
  /** Milliseconds. */
  readonly now: () => number;
}

export function createAuthorizer({ credentials, ask, now }: AuthorizerOptions): Authorizer {
  const challenges = new Map<string, Challenge>();
  const pings = new Once<string, void>();
  const tokens = createTokens(now);

  const credentialFor = (ctx: Context, { registry, repository }: Place): Promise<Credential | undefined> =>
    credentials(ctx, registry, repository);

  /** Asks a registry how it wants to be asked: some answer strangers 404 instead of 401, and some send 401 without a challenge. */
  const ping = (ctx: Context, origin: string): Promise<void> =>
    pings.run(origin, async () => {
      const answer = await ask(ctx, { method: 'GET', url: new URL('/v2/', origin), headers: {}, form: undefined });
      const challenge = bestChallenge(parseChallenges(answer.headers['www-authenticate']));
      if (answer.status === 401 && challenge) challenges.set(origin, challenge);
    });

  const headerFor = async (
    ctx: Context,
    place: Place,
    scopes: readonly string[],
    challenge: Challenge,
    refusedHeader: string | undefined,
  ): Promise<string | undefined> => {
    const credential = await credentialFor(ctx, place);
    if (credential?.kind === 'bearer') return `Bearer ${credential.token}`;
    if (challenge.scheme === 'basic') return credential?.kind === 'basic' ? basicHeader(credential) : undefined;
    const realm = realmOf(challenge, place.origin);
    const service = challenge.parameters.get('service');
    const key = JSON.stringify([place.origin, realm.href, service, scopes]);
    const question = tokenQuestion(realm, service, scopes, credential);
    return tokens(key, refusedHeader, async () => {
      const answer = await ask(ctx, question);
      if (answer.status === 200) return parseToken(answer, now());
      throw refused(place, answer, credential);
    });
  };

  return {
    before: async (ctx, place, scopes) => {
      if (!challenges.has(place.origin)) {
        const credential = await credentialFor(ctx, place);
        if (credential?.kind === 'bearer') return `Bearer ${credential.token}`;
        if (credential) await ping(ctx, place.origin);
      }
      const challenge = challenges.get(place.origin);
      return challenge && headerFor(ctx, place, scopes, challenge, undefined);
    },
    after: async (ctx, place, scopes, answer, sent) => {
      const told = bestChallenge(parseChallenges(answer.headers['www-authenticate']));
      if (told) challenges.set(place.origin, told);
      else await ping(ctx, place.origin);
      const challenge = challenges.get(place.origin);
      if (!challenge) return undefined;
      const header = await headerFor(ctx, place, widened(scopes, told), challenge, sent);
      return header === sent ? undefined : header;
    },
    credentialFrom: async (ctx, place) => (await credentialFor(ctx, place))?.from,
  };
}

/** Tokens by what they are for. One flight per key; a token that is old, or that the registry has refused, is fetched anew. */
function createTokens(now: () => number) {
  const tokens = new Map<string, Promise<Token>>();
  return async (key: string, refusedHeader: string | undefined, fetch: () => Promise<Token>): Promise<string> => {
    const known = tokens.get(key);
    const ready = await known?.catch(() => undefined);
    if (ready && ready.until > now() && ready.header !== refusedHeader) return ready.header;
    const current = tokens.get(key);
    const flight = current === undefined || current === known ? fetch() : current;
    tokens.set(key, flight);
    return (await flight).header;
  };
}

/** Our own scopes, since servers name odd ones (ECR Public says "aws"); theirs beside them only when ours were too few. */
function widened(scopes: readonly string[], challenge: Challenge | undefined): readonly string[] {
  if (challenge?.parameters.get('error') !== 'insufficient_scope') return scopes;
  const theirs = (challenge.parameters.get('scope') ?? '').split(' ').filter(Boolean);
  return [...new Set([...scopes, ...theirs])];
}

/** Token servers answer 400 too for a refresh token that has been taken back (RFC 6749, 5.2). */
function refused({ registry }: Place, answer: Answer, credential: Credential | undefined): ImageSpecError {
  const { status, url } = answer;
  const isAboutUs = status === 401 || status === 403 || (status === 400 && credential?.kind === 'identity');
  const hint = isAboutUs ? loginHint(registry, credential?.from) : undefined;
  if (!isAboutUs || !credential) return answerError(answer, `get a token for ${registry}`, hint);
  const message = `The token server ${url.host} of ${registry} refused the credentials from ${credential.from} (${status})`;
  return new ImageSpecError('UNAUTHORIZED', message, { hint, facts: { registry, from: credential.from, status } });
}
