import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCertificates } from '../../src/maintscript/pem.ts';
import { hashSubject, InvalidDer } from '../../src/maintscript/x509-name-hash.ts';
import * as certificates from './small-certificates.ts';

function derOf({ pem }: certificates.SmallCertificate): Uint8Array {
  const [der] = readCertificates(Buffer.from(pem)) ?? [];
  if (!der) throw new Error('no certificate');
  return der;
}

describe('hashSubject', () => {
  it.each(Object.entries(certificates))('gives the hash that OpenSSL gives: %s', (_, certificate) => {
    expect(hashSubject(derOf(certificate))).toBe(certificate.hash);
  });

  it('gives one hash to a name in any spelling and string type', () => {
    expect(hashSubject(derOf(certificates.SHOUTED))).toBe(hashSubject(derOf(certificates.PLAIN)));
    expect(hashSubject(derOf(certificates.LATIN))).toBe(hashSubject(derOf(certificates.WIDE)));
  });

  it('refuses what is cut, and bytes behind', () => {
    const der = derOf(certificates.SETS);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: der.length - 1 }), (length) => {
        expect(() => hashSubject(der.subarray(0, length))).toThrow(InvalidDer);
      }),
    );
    expect(() => hashSubject(Buffer.concat([der, Buffer.of(0)]))).toThrow('bytes behind the certificate');
  });

  it('refuses other bytes with its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(() => hashSubject(bytes)).toThrow(InvalidDer);
      }),
    );
  });
});
