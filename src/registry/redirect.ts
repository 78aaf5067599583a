// Where a server may send us, and where not: redirects and upload locations are a stranger's words.
import { ImageSpecError } from '../core/error.ts';
import { redactUrl } from '../core/redact.ts';
import { isNear } from './host.ts';

/** Go and curl stop at 10 and 50; registries need one or two. */
export const REDIRECT_LIMIT = 10;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/**
 * Resolves a `Location` against the URL that answered with it. Throws `REDIRECT` for what is never followed: no location, another scheme
 * than http and https, https to http, and from a public host to an address literal of this machine or a private network.
 */
export function followed(location: string | undefined, from: URL): URL {
  const to = location === undefined ? null : URL.parse(location, from.href);
  if (!to) throw refused(from, 'without a location that can be read');
  if (to.protocol !== 'https:' && to.protocol !== 'http:') throw refused(from, `to "${to.protocol}"`);
  if (from.protocol === 'https:' && to.protocol === 'http:') throw refused(from, `from https to ${redactUrl(to)}`);
  if (isNear(to.hostname) && !isNear(from.hostname)) throw refused(from, `to the private address ${to.host}`);
  return to;
}

/**
 * Resolves the location of an upload session. A registry behind a proxy may forget scheme or port of its own name (oras-go#177): the same
 * host without a port is the host we talk to. Throws `REDIRECT`.
 */
export function uploadLocation(location: string | undefined, from: URL): URL {
  const to = URL.parse(location ?? '', from.href);
  const isSelf = location !== undefined && to?.hostname === from.hostname && to.port === '';
  return isSelf ? new URL(to.pathname + to.search, from.origin) : followed(location, from);
}

/** Headers for the next hop: what proves who we are is for the first host alone (CVE-2020-15157). */
export function headersFor<T>(headers: Readonly<Record<string, T>>, from: URL, to: URL): Record<string, T> {
  const kept = Object.entries(headers).filter(
    ([name]) => from.origin === to.origin || !/^(?:authorization|cookie)$/i.test(name),
  );
  return Object.fromEntries(kept);
}

function refused(from: URL, where: string): ImageSpecError {
  return new ImageSpecError('REDIRECT', `${from.host} redirected ${where}, which is not followed`, {
    hint: 'The server or a proxy is set up wrongly, or something stands in between: ask the owner of the server.',
    facts: { url: redactUrl(from) },
  });
}
