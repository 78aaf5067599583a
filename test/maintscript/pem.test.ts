import { describe, expect, it } from 'vitest';
import { readCertificates } from '../../src/maintscript/pem.ts';
import { PLAIN, SETS } from './small-certificates.ts';

const count = (text: string): number | undefined => readCertificates(Buffer.from(text))?.length;
const block = (label: string, body = 'QUJD'): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

describe('readCertificates', () => {
  it('finds certificates among text, with any line ends', () => {
    expect(count('')).toBe(0);
    expect(count('no certificate\n')).toBe(0);
    expect(count(`Subject: x\n${PLAIN.pem}text\n${SETS.pem}`)).toBe(2);
    expect(count(PLAIN.pem.replaceAll('\n', '\r\n'))).toBe(1);
    expect(readCertificates(Buffer.from(block('CERTIFICATE')))).toEqual([Buffer.from('ABC')]);
  });

  it('passes over what is no certificate, list or key', () => {
    expect(count(block('DH PARAMETERS') + PLAIN.pem)).toBe(1);
  });

  it.each(['PRIVATE KEY', 'EC PRIVATE KEY', 'X509 CRL', 'TRUSTED CERTIFICATE'])('does not understand %s', (label) => {
    expect(count(PLAIN.pem + block(label))).toBeUndefined();
  });

  it('does not understand a block without end, or bad base64', () => {
    expect(count('-----BEGIN CERTIFICATE-----\nQUJD\n')).toBeUndefined();
    expect(count(block('CERTIFICATE', 'Q?JD'))).toBeUndefined();
    expect(count(block('CERTIFICATE', 'QUJ'))).toBeUndefined();
  });
});
