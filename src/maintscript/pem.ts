// The certificates in a PEM file (RFC 7468), told apart from everything else that a PEM file may hold.

/** Bytes of a PEM file; the bundle of all authorities has 220 KiB. */
const PEM_LIMIT = 16 * 1024 * 1024;

const CERTIFICATE = new Set(['CERTIFICATE', 'X509 CERTIFICATE']);
/** Blocks that PEM_X509_INFO_read_bio(3) passes over. */
const PASSED_OVER = /(?:^| )(?:PARAMETERS|PUBLIC KEY|CERTIFICATE REQUEST|PKCS7|CMS)$/;

/** DER of each certificate; undefined when there is something that is not understood here: keys, revocation lists, trust settings, bad base64. */
export function readCertificates(bytes: Uint8Array): Uint8Array[] | undefined {
  if (bytes.length > PEM_LIMIT) return undefined;
  const lines = Buffer.from(bytes)
    .toString('latin1')
    .split('\n')
    .map((line) => line.trimEnd());
  const found: Uint8Array[] = [];
  for (let at = 0; at < lines.length; at++) {
    const label = /^-----BEGIN (.*)-----$/.exec(lines[at] ?? '')?.[1];
    if (label === undefined) continue;
    const end = lines.indexOf(`-----END ${label}-----`, at);
    if (end < 0) return undefined;
    const body = lines.slice(at + 1, end).join('');
    at = end;
    if (PASSED_OVER.test(label)) continue;
    if (!CERTIFICATE.has(label) || !/^[A-Za-z0-9+/]+={0,2}$/.test(body) || body.length % 4 !== 0) return undefined;
    found.push(Buffer.from(body, 'base64'));
  }
  return found;
}
