// Which hosts are near: decides where plain http is allowed, and where a stranger may not send us.
// Host names are those of URL objects, whose addresses are canonical: so patterns do, and the fast path need not load node:net (5 ms).

/** Private (RFC 1918), shared (RFC 6598), link-local, loopback and unspecified. */
const NEAR_IPV4 =
  /^(?:0|10|127|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])|169\.254|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.(?:\d+\.)*\d+$/;
/** Unspecified, loopback, unique local (RFC 4193) and link-local. */
const NEAR_IPV6 = /^(?:::1?|f[cd][0-9a-f]{2}:.*|fe[89ab][0-9a-f]:.*)$/;
const MAPPED_IPV4 = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/;

/** Without the brackets of IPv6, and an IPv4 address in IPv6 as the IPv4 address that it is. */
export function bareHost(hostname: string): string {
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const [, high, low] = MAPPED_IPV4.exec(host) ?? [];
  if (high === undefined || low === undefined) return host;
  const words = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return words.flatMap((word) => [word >> 8, word & 255]).join('.');
}

/** `localhost`, 127.0.0.0/8 and ::1: bytes to these never leave the machine. */
export function isLoopback(hostname: string): boolean {
  const host = bareHost(hostname);
  return host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host);
}

/** Whether the name or address stands for this machine or a private network. Names are not resolved. */
export function isNear(hostname: string): boolean {
  const host = bareHost(hostname);
  return isLoopback(host) || host.endsWith('.localhost') || NEAR_IPV4.test(host) || NEAR_IPV6.test(host);
}

/** Docker Hub's API does not live at the host that its references name (distribution/reference). */
const API_HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/**
 * Origin of a registry's API. https, unless the registry is on loopback.
 * @param insecure true: plain http wherever it is; false: https even on loopback; undefined: http on loopback only
 */
export function apiOrigin(registry: string, insecure: boolean | undefined): string {
  const host = API_HOSTS[registry] ?? registry;
  const isPlain = insecure ?? isLoopback(new URL(`http://${host}`).hostname);
  return new URL(`${isPlain ? 'http' : 'https'}://${host}`).origin;
}
