// Which proxy a URL goes through, by the variables that curl and Go read.
import { ImageSpecError } from '../core/error.ts';
import { bareHost, isLoopback } from './host.ts';

/**
 * The proxy for a URL: `http_proxy` or `https_proxy` by its scheme, lower case before upper; undefined when none is set, when the host
 * is loopback, or when `no_proxy` names it. Throws `NETWORK` for a proxy that is not a URL.
 */
export function proxyFor(url: URL, env: Readonly<Record<string, string | undefined>>): URL | undefined {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const text = env[name] || env[name.toUpperCase()];
  if (!text || isLoopback(url.hostname)) return undefined;
  const rules = env['no_proxy'] || env['NO_PROXY'] || '';
  if (rules.split(/[\s,]+/).some((rule) => rule !== '' && matches(url, rule.toLowerCase()))) return undefined;
  const proxy = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (proxy && /^https?:$/.test(proxy.protocol)) return proxy;
  throw new ImageSpecError('NETWORK', `The proxy in ${name} is not an http or https URL`, {
    hint: `Write ${name}=http://HOST:PORT.`,
  });
}

/** `*`, `example.com` and `.example.com` (with subdomains), `host:port`, addresses and CIDR ranges, as Go reads them. */
function matches(url: URL, rule: string): boolean {
  if (rule === '*') return true;
  const host = bareHost(url.hostname);
  const [net = '', prefix] = rule.split('/');
  if (prefix !== undefined) return isInRange(host, bareHost(net), Number(prefix));
  const [, name = rule, port] = /^([^:]*|\[.*\]):(\d+)$/.exec(rule) ?? [];
  if (port !== undefined && port !== (url.port || (url.protocol === 'https:' ? '443' : '80'))) return false;
  const domain = bareHost(name.replace(/^\*?\./, ''));
  return host === domain || host.endsWith(`.${domain}`);
}

function isInRange(host: string, net: string, prefix: number): boolean {
  // Not imported: only few users have such a rule, and it costs the fast path 5 ms.
  const { BlockList, isIP } = process.getBuiltinModule('node:net');
  const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
  const bits = isIP(net) === 6 ? 128 : 32;
  if (!isIP(net) || !isIP(host) || !Number.isInteger(prefix) || prefix < 0 || prefix > bits) return false;
  const range = new BlockList();
  range.addSubnet(net, prefix, family(net));
  return range.check(host, family(host));
}
