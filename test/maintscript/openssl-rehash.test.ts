import { describe, expect, it } from 'vitest';
import { openssl } from '../../src/maintscript/openssl-rehash.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { PLAIN, SETS, SHOUTED, WIDE } from './small-certificates.ts';
import { linksOf, makeTree, recordCall } from './staged-tree.ts';

const folder = '/etc/ssl/certs';
const inFolder = (files: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, value]) => [`${folder}/${name}`, value]));

describe('openssl rehash', () => {
  it('links each certificate by its hash, and numbers those of one name in the order of their files', () => {
    const tree = makeTree(inFolder({ 'b.pem': PLAIN.pem, 'a.CRT': SHOUTED.pem, 'w.cer': WIDE.pem, 'x.txt': SETS.pem }));
    const { call, printed } = recordCall(tree, ['openssl', 'rehash', '-v', 'certs']);
    expect(openssl(call)).toBe(0);
    expect(linksOf(tree, folder)).toEqual([
      `${PLAIN.hash}.0 -> a.CRT`,
      `${PLAIN.hash}.1 -> b.pem`,
      `${WIDE.hash}.0 -> w.cer`,
    ]);
    expect(printed.out.split('\n')).toContain(`link b.pem -> ${PLAIN.hash}.1`);
    expect(printed.out).toMatch(/^Doing certs\n/);
  });

  it('keeps links that serve, and removes those of certificates that are gone', () => {
    const links = {
      [`${PLAIN.hash}.1`]: '-> a.pem',
      [`${PLAIN.hash}.0`]: '-> gone.pem',
      [`${SETS.hash}.0`]: '-> gone.pem',
    };
    const tree = makeTree(inFolder({ 'a.pem': PLAIN.pem, ...links }));
    openssl(recordCall(tree, ['openssl', 'rehash', folder]).call);
    // A link whose number is below the count stays, even without its certificate: so does OpenSSL.
    expect(linksOf(tree, folder)).toEqual([`${PLAIN.hash}.0 -> gone.pem`, `${PLAIN.hash}.1 -> a.pem`]);
  });

  it('passes over bundles and copies, and says so', () => {
    const tree = makeTree(inFolder({ 'a.pem': PLAIN.pem, 'b.pem': PLAIN.pem, 'all.crt': PLAIN.pem + SETS.pem }));
    const { call, printed } = recordCall(tree, ['openssl', 'rehash', folder]);
    openssl(call);
    expect(linksOf(tree, folder)).toEqual([`${PLAIN.hash}.0 -> a.pem`]);
    expect(printed.error.split('\n')).toEqual([
      'rehash: warning: skipping all.crt, it does not contain exactly one certificate or CRL',
      'rehash: warning: skipping duplicate certificate in b.pem',
      '',
    ]);
    expect(printed.out).toBe('');
  });

  it.each([
    [['openssl', 'x509', '-in', 'a.pem'], {}],
    [['openssl', 'rehash'], {}],
    [['openssl', 'rehash', '-old', folder], {}],
    [['openssl', 'rehash', '/nowhere'], {}],
    [['openssl', 'rehash', folder], { 'bad.pem': '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n' }],
    [['openssl', 'rehash', folder], { 'key.pem': '-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n' }],
    [['openssl', 'rehash', folder], { 'stale.pem': '-> nowhere' }],
    [['openssl', 'rehash', folder], { '0123abcd.r0': '-> list.crl' }],
  ])('refuses %j with %j', (argv, files) => {
    const tree = makeTree(inFolder({ 'a.pem': PLAIN.pem, ...files }));
    expect(() => openssl(recordCall(tree, argv).call)).toThrow(NotInterpretable);
  });

  it('refuses certificates of the base that nobody has read', () => {
    const tree = makeTree({}, { 'etc/ssl/certs/a.pem': 500 });
    expect(() => openssl(recordCall(tree, ['openssl', 'rehash', folder]).call)).toThrow(
      'a.pem in the base image is not known',
    );
  });
});
