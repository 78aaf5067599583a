// What sockets, resolvers and TLS throw becomes NETWORK or TLS with the next thing to try.
import type { Context } from '../core/context.ts';
import { abortedError } from '../core/context.ts';
import { ImageSpecError, isImageSpecError, messageOf, systemCode } from '../core/error.ts';
import { redactUrl } from '../core/redact.ts';

const NETWORK_CODE =
  /^(?:E(?:CONN\w+|PIPE|TIMEDOUT|HOSTUNREACH|HOSTDOWN|NETUNREACH|NETDOWN|NOTFOUND|AI_\w+|ADDRNOTAVAIL)|UND_ERR_(?!INVALID|NOT_SUPPORTED|DESTROYED|CLOSED|PRX_TLS|REQ_CONTENT)\w+|HPE_\w+)$/;
const TLS_CODE =
  /^(?:ERR_(?:TLS|SSL|OSSL)_\w+|CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO|UND_ERR_PRX_TLS)$/;
const UNTRUSTED = /^(?:DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;
/** OpenSSL's words for an answer that is not TLS at all. */
const NOT_TLS = /wrong version number|packet length too long|http request/i;

/** The error to throw for what a request to `url` threw; what is neither ours nor the network's comes back unchanged. */
export function networkError(ctx: Context, thrown: unknown, url: URL): unknown {
  if (isImageSpecError(thrown)) return thrown;
  if (ctx.signal.aborted) return abortedError(ctx.signal.reason);
  const source = systemCode(thrown) === undefined && thrown instanceof Error ? thrown.cause : thrown;
  const code = systemCode(source) ?? '';
  const facts = { url: redactUrl(url), reason: code };
  if (TLS_CODE.test(code)) {
    const message = `No secure connection to ${url.host} could be made: ${messageOf(source).trim()}`;
    return new ImageSpecError('TLS', message, { hint: tlsHint(code, messageOf(source)), cause: thrown, facts });
  }
  if (NETWORK_CODE.test(code)) {
    const message = `The connection to ${url.host} failed: ${reasonOf(code, source)}`;
    return new ImageSpecError('NETWORK', message, { hint: networkHint(code, messageOf(source)), cause: thrown, facts });
  }
  return thrown;
}

/** Whether the same request may succeed in a moment; a name that does not exist stays so. */
export function isPassing(error: unknown): boolean {
  return isImageSpecError(error) && error.code === 'NETWORK' && error.facts['reason'] !== 'ENOTFOUND';
}

function reasonOf(code: string, source: unknown): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there (ECONNREFUSED)';
    case 'ENOTFOUND':
      return 'the name is not known (ENOTFOUND)';
    default:
      return messageOf(source).trim() || code;
  }
}

function networkHint(code: string, message: string): string {
  if (message.startsWith('Proxy response')) return 'Check the proxy that https_proxy names, and its user and password.';
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'Check the spelling of the host; behind a proxy, set https_proxy.';
    case 'ECONNREFUSED':
      return 'Check host and port, and that the server is running.';
    default:
      return 'Check the network and try again; behind a proxy, set https_proxy.';
  }
}

function tlsHint(code: string, message: string): string {
  if (NOT_TLS.test(message))
    return 'The server seems to speak plain http: allow that for this registry with "insecure".';
  if (UNTRUSTED.test(code))
    return 'Set SSL_CERT_FILE or NODE_EXTRA_CA_CERTS to a PEM file with the certificate authority of this server.';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return 'The certificate is not valid today: check the clock of this machine, and tell the owner of the server.';
  return 'Check that the host name is the one the certificate is for, and that no proxy stands in between.';
}
