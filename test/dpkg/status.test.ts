import { describe, expect, it } from 'vitest';
import { parseStanzas } from '../../src/deb/control.ts';
import { printInstalled, readInstalled, statusFields } from '../../src/dpkg/status.ts';

const refuse = (line: string): never => {
  throw new Error(line);
};

/** As dpkg 1.21 writes it. */
const STANZA = `Package: openssl
Status: install ok installed
Priority: optional
Section: utils
Installed-Size: 2053
Maintainer: Debian OpenSSL Team <x@example.org>
Architecture: amd64
Multi-Arch: foreign
Version: 3.0.11-1~deb12u2
Depends: libc6 (>= 2.34), libssl3 (>= 3.0.9)
Suggests: ca-certificates
Conffiles:
 /etc/ssl/openssl.cnf 52d3a3c8df1b3d2f8e9be3a3f4f5a1b2
Description: Secure Sockets Layer toolkit - cryptographic utility
 This package is part of the OpenSSL project's implementation.
 .
 It contains the general-purpose command line binary.
Homepage: https://www.openssl.org/
`;

const [stanza = []] = parseStanzas(STANZA, refuse);

describe('the status file', () => {
  it('is read and written without a change', () => {
    const found = readInstalled(stanza)!;
    expect(found).toMatchObject({ name: 'openssl', version: '3.0.11-1~deb12u2', state: 'installed', isSame: false });
    expect([...found.conffiles]).toEqual([['/etc/ssl/openssl.cnf', '52d3a3c8df1b3d2f8e9be3a3f4f5a1b2']]);
    expect(printInstalled(found)).toBe(STANZA);
  });

  it('has the fields of a control file in dpkg’s order, with relations as dpkg prints them', () => {
    const control = parseStanzas(
      'Package: x\nVersion: 1\nArchitecture: all\nDepends: a(>=1)|b ,\n c [amd64],\nHomepage: h\nDescription: d\nPriority: optional\n',
      refuse,
    )[0]!;
    const one = readInstalled(statusFields(control, 'unpacked', '0.9'))!;
    expect(printInstalled({ ...one, conffiles: new Map([['/etc/x y', 'd41d8cd98f00b204e9800998ecf8427e']]) })).toBe(
      'Package: x\nStatus: install ok unpacked\nPriority: optional\nArchitecture: all\nVersion: 1\nConfig-Version: 0.9\n' +
        'Depends: a (>= 1) | b, c [amd64]\nConffiles:\n /etc/x y d41d8cd98f00b204e9800998ecf8427e\nDescription: d\nHomepage: h\n',
    );
  });

  it('knows what is no package, and what distroless images leave out', () => {
    expect(readInstalled([['Version', '1']])).toBeUndefined();
    expect(readInstalled([['Package', 'x']])).toMatchObject({ state: 'installed', version: '', architecture: 'all' });
    expect(
      readInstalled([
        ['Package', 'x'],
        ['Status', 'deinstall ok config-files'],
      ])?.state,
    ).toBe('config-files');
  });
});
