import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../src/registry/proxy.ts';
import { expectCode } from '../expect-code.ts';

const proxy = 'http://proxy.example:3128';
const isProxied = (url: string, no: string): boolean =>
  proxyFor(new URL(url), { http_proxy: proxy, https_proxy: proxy, no_proxy: no }) !== undefined;

describe('proxyFor', () => {
  it('goes by the scheme, lower case before upper', () => {
    const env = { http_proxy: 'http://a.example', HTTP_PROXY: 'http://b.example', HTTPS_PROXY: 'c.example:1' };
    expect(proxyFor(new URL('http://x.example'), env)?.href).toBe('http://a.example/');
    expect(proxyFor(new URL('https://x.example'), env)?.href).toBe('http://c.example:1/');
    expect(proxyFor(new URL('https://x.example'), { http_proxy: proxy })).toBeUndefined();
  });

  it.each(['http://localhost:5000', 'http://127.0.0.9', 'https://[::1]/'])('never stands before %s', (url) => {
    expect(isProxied(url, '')).toBe(false);
  });

  it.each([
    ['https://x.example', '*'],
    ['https://x.example', 'other.example, x.example'],
    ['https://sub.x.example', 'x.example'],
    ['https://sub.x.example', '.x.example'],
    ['https://sub.X.example', '*.x.EXAMPLE'],
    ['https://x.example', 'x.example:443'],
    ['http://x.example:8080', 'a x.example:8080'],
    ['http://10.1.2.3', '10.0.0.0/8'],
    ['http://10.1.2.3', '10.1.2.3'],
    ['http://[fd00::5]/', 'fd00::/8'],
    ['http://[fd00::5]/', '[fd00::5]'],
  ])('%s is excepted by "%s"', (url, no) => {
    expect(isProxied(url, no)).toBe(false);
  });

  it.each([
    ['https://x.example', ''],
    ['https://notx.example', 'x.example'],
    ['https://x.example', 'x.example:80'],
    ['https://x.example', '10.0.0.0/8'],
    ['http://11.1.2.3', '10.0.0.0/8'],
    ['http://10.1.2.3', '10.0.0.0/99'],
    ['http://10.1.2.3', 'nonsense/8'],
  ])('%s is not excepted by "%s"', (url, no) => {
    expect(isProxied(url, no)).toBe(true);
  });

  it('refuses a proxy that is no URL', async () => {
    await expectCode(() => proxyFor(new URL('https://x.example'), { https_proxy: 'ftp://x' }), 'NETWORK');
  });
});
