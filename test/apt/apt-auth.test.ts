import { describe, expect, it } from 'vitest';
import { readAptAuth, withUrlCredentials } from '../../src/apt/apt-auth.ts';
import { aptFiles } from './apt-files.ts';

const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
const read = (text: string) => {
  const headersFor = readAptAuth(aptFiles({ '/etc/apt/auth.conf': text }));
  return (url: string) => headersFor(new URL(url));
};

describe('auth.conf', () => {
  it('names user and password for a host, for https unless it says otherwise', () => {
    const headersFor = read('# machine x\nmachine mirror.example login me password secret\n');
    expect(headersFor('https://mirror.example/debian/')).toEqual(basic('me:secret'));
    expect(headersFor('https://mirror.example:443/debian/')).toEqual(basic('me:secret'));
    expect(headersFor('http://mirror.example/debian/')).toEqual({});
    expect(headersFor('https://other.mirror.example/debian/')).toEqual({});
    expect(headersFor('https://mirror.example:8443/debian/')).toEqual({});
  });

  it('may name protocol, port and path, over several lines', () => {
    const headersFor = read(
      'machine http://mirror.example:8080/deb\n  login a\n  password b\nmachine mirror.example/x password d login c',
    );
    expect(headersFor('http://mirror.example:8080/debian/')).toEqual(basic('a:b'));
    expect(headersFor('http://mirror.example:8080/other/')).toEqual({});
    expect(headersFor('http://mirror.example/debian/')).toEqual({});
    expect(headersFor('https://mirror.example/x')).toEqual(basic('c:d'));
  });

  it('is read before its parts, and the first machine that fits counts', () => {
    const headersFor = readAptAuth(
      aptFiles({
        '/etc/apt/auth.conf.d/b.conf': 'machine b.example login b2 password p machine c.example login c2 password p',
        '/etc/apt/auth.conf.d/a.conf': 'machine b.example login b1 password p',
        '/etc/apt/auth.conf.d/off': 'machine d.example login d password p',
        '/etc/apt/auth.conf': 'machine c.example login c1 password p',
      }),
    );
    expect(headersFor(new URL('https://b.example/'))).toEqual(basic('b1:p'));
    expect(headersFor(new URL('https://c.example/'))).toEqual(basic('c1:p'));
    expect(headersFor(new URL('https://d.example/'))).toEqual({});
  });

  it('that is cut short gives nothing', () => {
    for (const text of ['machine', 'machine x.example', 'machine x.example login', 'login a password b']) {
      expect(read(text)('https://x.example/')).toEqual({});
    }
  });
});

describe('credentials in a URL', () => {
  it('are taken out of it, go before those of files, and stay with their origin', () => {
    const url = new URL('https://me:p%40ss@mirror.example/debian/');
    const headersFor = withUrlCredentials(url, () => basic('file:file'));
    expect(url.href).toBe('https://mirror.example/debian/');
    expect(headersFor(new URL('https://mirror.example/pool/x.deb'))).toEqual(basic('me:p@ss'));
    expect(headersFor(new URL('https://other.example/x.deb'))).toEqual(basic('file:file'));
    expect(headersFor(new URL('http://mirror.example/x.deb'))).toEqual(basic('file:file'));
  });
});
