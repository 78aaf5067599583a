// The fast path "spec unchanged, image exists": one HEAD without undici and zod, whose loading alone takes longer than the request.
// Nothing here may import them, directly or through others; a test looks.
import type { Agent, IncomingMessage, request } from 'node:http';
import type { Context } from '../core/context.ts';
import { createContext } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { readAll } from '../core/digest.ts';
import type { Reference } from '../oci/reference.ts';
import type { Answer } from './answer.ts';
import { createAuthorizer } from './authorizer.ts';
import { createCredentials } from './credentials.ts';
import { apiOrigin } from './host.ts';
import { describedBy, MANIFEST_ACCEPT, pullScope } from './manifest-head.ts';
import { proxyFor } from './proxy.ts';
import type { Question } from './token.ts';
import { TOKEN_ANSWER_LIMIT_BYTES } from './token.ts';

/** `unsure`: anything out of the ordinary, errors included; the store then finds out and says what it is. */
export type QuickAnswer =
  | { readonly status: 'exists'; readonly digest: Digest; readonly mediaType: string }
  | { readonly status: 'absent' }
  | { readonly status: 'unsure' };

export interface QuickOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute home folder. */
  readonly home: string;
  /** `imagespec/1.2.3` */
  readonly userAgent: string;
  /** As for the store. */
  readonly insecure?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** For all of it, tokens included: what takes longer is no fast path (ms). */
const QUICK_TIMEOUT_MS = 5_000;

/** Whether the manifest exists; throws nothing, tries nothing twice, follows no redirect and uses no proxy. */
export async function headManifest(reference: Reference, options: QuickOptions): Promise<QuickAnswer> {
  const { env, home, insecure, signal } = options;
  const { registry, repository } = reference;
  const name = reference.digest ?? reference.tag ?? 'latest';
  const timeout = AbortSignal.timeout(QUICK_TIMEOUT_MS);
  const ctx = createContext({ signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
  const client = createClient(options);
  try {
    const place = { registry, repository, origin: apiOrigin(registry, insecure) };
    const authorizer = createAuthorizer({
      credentials: createCredentials({ env, home }),
      ask: client.ask,
      // Tokens do not outlive the one request they are for.
      now: () => 0,
    });
    const scopes = [pullScope(repository)];
    const url = new URL(`/v2/${repository}/manifests/${name}`, place.origin);
    const head = (authorization: string | undefined): Promise<Answer> =>
      client.send(ctx, 'HEAD', url, { accept: MANIFEST_ACCEPT, ...(authorization && { authorization }) });
    const before = await authorizer.before(ctx, place, scopes);
    const first = await head(before);
    const after = first.status === 401 ? await authorizer.after(ctx, place, scopes, first, before) : undefined;
    return answerOf(after === undefined ? first : await head(after), name);
  } catch {
    return { status: 'unsure' };
  } finally {
    await client.close();
  }
}

function answerOf(answer: Answer, name: string): QuickAnswer {
  if (answer.status === 404) return { status: 'absent' };
  const found = answer.status === 200 ? describedBy(answer, name) : undefined;
  return found ? { status: 'exists', digest: found.digest, mediaType: found.mediaType } : { status: 'unsure' };
}

interface Client {
  readonly send: (
    ctx: Context,
    method: string,
    url: URL,
    headers: Readonly<Record<string, string>>,
    form?: string,
  ) => Promise<Answer>;
  readonly ask: (ctx: Context, question: Question) => Promise<Answer>;
  /** Ends the connections, which would keep the process alive. */
  readonly close: () => Promise<void>;
}

interface Transport {
  readonly request: typeof request;
  readonly agent: Agent;
}

/** One connection per host, for the two or three requests of one answer. */
function createClient({ env, userAgent }: QuickOptions): Client {
  // Not imported: an ES import of node:http touches its lazy WebSocket, and so loads Node's own undici, 30 ms.
  const http = process.getBuiltinModule('node:http');
  const plain: Transport = { request: http.request, agent: new http.Agent({ keepAlive: true }) };
  let secure: Promise<Transport> | undefined;
  const send: Client['send'] = async (ctx, method, url, headers, form) => {
    if (proxyFor(url, env)) throw new Error('a proxy is not for the fast path');
    const transport = url.protocol === 'https:' ? await (secure ??= secureTransport(env)) : plain;
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const { agent } = transport;
      const options = { method, agent, signal: ctx.signal, headers: { 'user-agent': userAgent, ...headers } };
      transport.request(url, options, resolve).on('error', reject).end(form);
    });
    const bytes = await readAll(message, TOKEN_ANSWER_LIMIT_BYTES, url.host);
    return { status: message.statusCode ?? 0, headers: message.headers, url, bytes };
  };
  return {
    send,
    ask: (ctx, { method, url, headers, form }) => send(ctx, method, url, headers, form),
    close: async () => {
      plain.agent.destroy();
      (await secure?.catch(() => undefined))?.agent.destroy();
    },
  };
}

/** TLS is loaded only where it is spoken. */
async function secureTransport(env: QuickOptions['env']): Promise<Transport> {
  const [https, { trustContext }] = await Promise.all([import('node:https'), import('./trust.ts')]);
  const secureContext = await trustContext(env, undefined);
  const agent = new https.Agent({ keepAlive: true, ...(secureContext && { secureContext }) });
  return { request: https.request, agent };
}
