// The fake registry's doorkeeper: Basic, or Bearer with a token server that gives what the user may have.
import type { RecordedRequest, Reply } from './fake-server.ts';

export interface FakeAuth {
  readonly scheme: 'basic' | 'bearer';
  readonly username: string;
  readonly password: string;
  /** Strangers may pull. */
  readonly anonymousPull?: boolean;
  /** Also taken, by POST, in place of the password. */
  readonly identityToken?: string;
  /** `expires_in` of tokens, in seconds. */
  readonly lifetime?: number;
  /** Under which name the token is answered. */
  readonly member?: 'token' | 'access_token';
  /** In place of the challenge this server would send; '' sends 401 without one, except for /v2/. */
  readonly challenge?: string;
}

export interface Doorkeeper {
  /** The answer that keeps a request out, or undefined when it may pass. */
  readonly check: (request: RecordedRequest, wanted: readonly string[]) => Reply | undefined;
  readonly tokenServer: (request: RecordedRequest) => Reply;
  /** Forgets all tokens: the next requests with them get 401. */
  readonly revoke: () => void;
}

const SERVICE = 'fake registry, "quoted"';

export function createDoorkeeper(auth: FakeAuth | undefined, realm: () => string): Doorkeeper {
  const tokens = new Map<string, ReadonlySet<string>>();
  let count = 0;
  const basic = auth && `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
  const grant = (scopes: readonly string[], isKnown: boolean): Reply => {
    const token = `token-${++count}`;
    const rights = scopes.flatMap((scope) => {
      const [, name = '', actions = ''] = /^repository:(.*):([a-z,]+)$/.exec(scope) ?? [];
      const allowed = actions.split(',').filter((action) => isKnown || (auth?.anonymousPull && action === 'pull'));
      return allowed.map((action) => `${name}:${action}`);
    });
    tokens.set(token, new Set(rights));
    const answer = { [auth?.member ?? 'token']: token, ...(auth?.lifetime && { expires_in: auth.lifetime }) };
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) };
  };
  return {
    revoke: () => tokens.clear(),
    check: ({ path, headers }, wanted) => {
      if (!auth) return undefined;
      const scope = wanted.map((right) => `repository:${right}`).join(' ');
      const own =
        auth.scheme === 'basic'
          ? 'BASIC realm="fake"'
          : `Negotiate, bearer Realm="${realm()}",service="${SERVICE.replaceAll('"', '\\"')}", scope="${scope}"`;
      const challenge = path === '/v2/' ? own : (auth.challenge ?? own);
      const refusal: Reply = {
        status: 401,
        headers: challenge ? { 'www-authenticate': challenge } : {},
        body: '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}',
      };
      if (auth.scheme === 'basic') return headers.authorization === basic ? undefined : refusal;
      const rights = tokens.get(headers.authorization?.replace(/^Bearer /, '') ?? '');
      return rights && wanted.every((right) => rights.has(right)) ? undefined : refusal;
    },
    tokenServer: ({ method, path, headers, body }) => {
      const url = new URL(path, 'http://tokens');
      if (method === 'POST') {
        const form = new URLSearchParams(body.toString());
        const isKnown = auth?.identityToken !== undefined && form.get('refresh_token') === auth.identityToken;
        return isKnown
          ? grant(form.get('scope')?.split(' ') ?? [], true)
          : { status: 400, body: '{"error":"invalid_grant"}' };
      }
      if (url.searchParams.get('service') !== SERVICE) return { status: 400, body: 'unknown service' };
      if (headers.authorization !== undefined && headers.authorization !== basic) return { status: 401 };
      return grant(url.searchParams.getAll('scope'), headers.authorization !== undefined);
    },
  };
}
