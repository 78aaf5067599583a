// Which certificate authorities are trusted beside Node's own.
import { readFile } from 'node:fs/promises';
import type { SecureContext } from 'node:tls';
import { createSecureContext, getCACertificates } from 'node:tls';
import { ImageSpecError, messageOf } from '../core/error.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * A TLS context that also trusts the authorities of `SSL_CERT_FILE` and of `extra` (PEM); undefined when these add nothing to Node's
 * defaults, of which `NODE_EXTRA_CA_CERTS` is one. Added, not put in their place: the file may hold only a company's own authority,
 * and Go too reads it beside the system's folder. Throws `TLS` when the file cannot be read.
 */
export async function trustContext(
  env: Readonly<Record<string, string | undefined>>,
  extra: string | undefined,
): Promise<SecureContext | undefined> {
  const path = env['SSL_CERT_FILE'];
  const text = [path ? await readAuthorities(path) : '', extra ?? ''].join('\n');
  const asked = text.match(CERTIFICATE) ?? [];
  if (asked.length === 0) return undefined;
  const defaults = getCACertificates('default');
  // A context of our own parses all authorities again, 17 ms for the usual 140: not for files that hold what is known anyway.
  const known = new Set(defaults.map(withoutSpace));
  if (asked.every((certificate) => known.has(withoutSpace(certificate)))) return undefined;
  return createSecureContext({ ca: [...defaults, ...asked] });
}

function withoutSpace(certificate: string): string {
  return certificate.replace(/\s+/g, '');
}

async function readAuthorities(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new ImageSpecError('TLS', `The certificates in SSL_CERT_FILE cannot be read: ${messageOf(cause)}`, {
      hint: 'Set SSL_CERT_FILE to a PEM file, or unset it.',
      cause,
      facts: { path },
    });
  }
}
