// A small real registry for tests: the distribution API over node:http, with repositories kept in memory.
//
//   const registry = await startFakeRegistry();                       // open to all, well-behaved
//   const registry = await startFakeRegistry({
//     auth: { scheme: 'bearer', username: 'me', password: 'secret' }, // with a token server of its own
//     persona: { mount: 'session', redirectBlobs: true },             // how this vendor differs
//     faults: [{ method: 'GET', path: /blobs/, go: { cutAfter: 10 } }], // what goes wrong, and how often
//   });
//   registry.host                 127.0.0.1:PORT, so that plain http is used
//   registry.store('acme/app')    the repository's memory store: put things into it, look at what arrived
//   registry.requests             everything that was asked, in order, of the token and storage servers too
//   await registry.close()
import type { MemoryStore } from '../../src/content/memory.ts';
import { memoryStore } from '../../src/content/memory.ts';
import type { Persona } from './fake-api.ts';
import { createApi } from './fake-api.ts';
import type { Fault, RecordedRequest, Reply } from './fake-server.ts';
import { createPlan, listen } from './fake-server.ts';
import type { FakeAuth } from './fake-tokens.ts';
import { createDoorkeeper } from './fake-tokens.ts';

export interface FakeRegistryOptions {
  readonly auth?: FakeAuth;
  readonly persona?: Persona;
  readonly faults?: readonly Fault[];
  /** https with this key and certificate (PEM). */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface FakeRegistry {
  readonly host: string;
  readonly storageHost: string;
  readonly requests: RecordedRequest[];
  readonly store: (repository: string) => MemoryStore;
  /** All tokens given so far become worthless. */
  readonly revokeTokens: () => void;
  readonly close: () => Promise<void>;
}

export async function startFakeRegistry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const { auth, persona = {}, faults = [], tls } = options;
  const requests: RecordedRequest[] = [];
  const plan = createPlan(faults);
  const stores = new Map<string, MemoryStore>();
  const store = (repository: string): MemoryStore => {
    const known = stores.get(repository) ?? memoryStore(repository);
    stores.set(repository, known);
    return known;
  };
  let realm = '';
  const door = createDoorkeeper(auth, () => realm);
  const tokens = await listen('tokens', door.tokenServer, plan, requests);
  realm = `http://${tokens.host}/token?from=realm`;

  const signed = new Map<string, () => Reply>();
  const takeSigned = ({ path, method, headers }: RecordedRequest): Reply => {
    if (headers.authorization !== undefined) return { status: 400, body: 'only one auth mechanism allowed' };
    const reply = signed.get(`${method} ${path}`);
    signed.delete(`${method} ${path}`);
    return reply?.() ?? { status: 403, body: 'expired' };
  };
  const storage = await listen('storage', takeSigned, plan, requests);

  const api = createApi(persona, store, (request, reply) => {
    const path = `/signed/${signed.size}-${requests.length}?X-Signature=abc%2Fdef`;
    signed.set(`${request.method} ${path}`, () => reply);
    return { status: 307, headers: { location: `http://${storage.host}${path}` } };
  });
  const registry = await listen(
    'registry',
    async (request) => {
      const reply = door.check(request, rightsFor(request)) ?? (await api(request));
      return persona.warning ? { ...reply, headers: { ...reply.headers, warning: persona.warning } } : reply;
    },
    plan,
    requests,
    tls,
  );
  return {
    host: registry.host,
    storageHost: storage.host,
    requests,
    store,
    revokeTokens: door.revoke,
    close: async () => {
      await Promise.all([registry.close(), tokens.close(), storage.close()]);
    },
  };
}

function rightsFor({ method, path }: RecordedRequest): string[] {
  const url = new URL(path, 'http://registry');
  const [, repository] = /^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(url.pathname) ?? [];
  if (repository === undefined) return [];
  const from = url.searchParams.get('from');
  const action = method === 'GET' || method === 'HEAD' ? 'pull' : 'push';
  return [`${repository}:${action}`, ...(from ? [`${from}:pull`] : [])];
}
