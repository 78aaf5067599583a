// Which hosts are near: decides where plain http is allowed, and where a stranger may not send us.
import { BlockList, isIP } from 'node:net';

const LOOPBACK = subnets(['127.0.0.0', 8], ['::1', 128]);

/** Loopback, private (RFC 1918, RFC 4193), shared (RFC 6598), link-local and unspecified addresses. */
const NEAR = subnets(
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
);

function subnets(...rules: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of rules) list.addSubnet(net, prefix, family(net));
  return list;
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** A host name as URLs have it, without the brackets of IPv6. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
}

/** Whether the address literal lies in the list; false for names. */
export function isInList(list: BlockList, hostname: string): boolean {
  const host = bareHost(hostname);
  return isIP(host) !== 0 && list.check(host, family(host));
}

/** `localhost`, 127.0.0.0/8 and ::1: bytes to these never leave the machine. */
export function isLoopback(hostname: string): boolean {
  return bareHost(hostname) === 'localhost' || isInList(LOOPBACK, hostname);
}

/** Whether the name or address literal stands for this machine or a private network. Names are not resolved. */
export function isNear(hostname: string): boolean {
  return isLoopback(hostname) || bareHost(hostname).endsWith('.localhost') || isInList(NEAR, hostname);
}

/** Docker Hub's API does not live at the host that its references name (distribution/reference). */
const API_HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/**
 * Origin of a registry's API. https, unless the registry is on loopback.
 * @param insecure true: plain http wherever it is; false: https even on loopback; undefined: http on loopback only
 */
export function apiOrigin(registry: string, insecure: boolean | undefined): string {
  const host = API_HOSTS[registry] ?? registry;
  const plain = insecure ?? isLoopback(new URL(`http://${host}`).hostname);
  return new URL(`${plain ? 'http' : 'https'}://${host}`).origin;
}
