// Connections: kept alive per origin, through the right proxy, with the right certificate authorities.
import type { Dispatcher } from 'undici';
import { proxyFor } from './proxy.ts';
import { trustContext } from './trust.ts';
import { takeCredentials } from './url-credentials.ts';

/** Name resolution, TCP and TLS together; a host that is there answers within round-trips. */
const CONNECT_TIMEOUT_MS = 10_000;

export interface Network {
  readonly dispatcherFor: (url: URL) => Promise<Dispatcher>;
  readonly close: () => Promise<void>;
}

export interface NetworkOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ca?: string | undefined;
}

/** undici is loaded, and certificates are read, with the first request: commands that need no network do not pay for it. */
export function createNetwork({ env, ca }: NetworkOptions): Network {
  const agents = new Map<string, Dispatcher>();
  let loading: Promise<(proxy: URL | undefined) => Dispatcher> | undefined;
  const load = async (): Promise<(proxy: URL | undefined) => Dispatcher> => {
    const [{ Agent, ProxyAgent }, secureContext] = await Promise.all([import('undici'), trustContext(env, ca)]);
    const connect = { timeout: CONNECT_TIMEOUT_MS, ...(secureContext && { secureContext }) };
    // The number of connections is bounded by those who ask: a bound here could starve an upload of the download that feeds it.
    return (proxy) =>
      proxy
        ? new ProxyAgent({ ...proxyOptions(proxy), proxyTunnel: false, requestTls: connect, proxyTls: connect })
        : new Agent({ connect });
  };
  return {
    dispatcherFor: async (url) => {
      const proxy = proxyFor(url, env);
      const create = await (loading ??= load());
      const key = proxy?.href ?? '';
      const agent = agents.get(key) ?? create(proxy);
      agents.set(key, agent);
      return agent;
    },
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}

/** undici drops a user without a password; the proxy shall see what was written. */
function proxyOptions(proxy: URL): { uri: string; token?: string } {
  const { authorization: token } = takeCredentials(new URL(proxy));
  return { uri: proxy.origin, ...(token !== undefined && { token }) };
}
