import { describe, expect, it } from 'vitest';
import { apiOrigin, isLoopback, isNear } from '../../src/registry/host.ts';
import { followed, headersFor, uploadLocation } from '../../src/registry/redirect.ts';
import { expectCode } from '../expect-code.ts';

describe('followed', () => {
  it.each([
    ['/other?x=1', 'https://a.example/v2/', 'https://a.example/other?x=1'],
    ['https://b.example/x', 'https://a.example/', 'https://b.example/x'],
    ['https://a.example/x', 'http://a.example/', 'https://a.example/x'],
    ['http://10.0.0.2/x', 'http://10.0.0.1/', 'http://10.0.0.2/x'],
    ['http://localhost:1/x', 'http://127.0.0.1:2/', 'http://localhost:1/x'],
  ])('%s from %s', (location, from, to) => {
    expect(followed(location, new URL(from)).href).toBe(to);
  });

  it.each([
    [undefined, 'https://a.example/', /location/],
    ['http://', 'https://a.example/', /location/],
    ['http://b.example/x', 'https://a.example/', /from https/],
    ['file:///etc/passwd', 'http://a.example/', /file:/],
    ['http://127.0.0.1/x', 'http://a.example/', /private/],
    ['http://2130706433/x', 'http://a.example/', /private/],
    ['https://[::ffff:10.0.0.1]/x', 'https://a.example/', /private/],
    ['https://[fe80::1]/x', 'https://a.example/', /private/],
    ['https://x.localhost/x', 'https://a.example/', /private/],
    ['http://169.254.169.254/latest', 'http://a.example/', /private/],
  ])('refuses %s from %s', async (location, from, why) => {
    const error = await expectCode(() => followed(location, new URL(from)), 'REDIRECT');
    expect(error.message).toMatch(why);
  });

  it('quotes no signature', async () => {
    const from = new URL('https://me:pw@a.example/x?sig=secret');
    const error = await expectCode(() => followed('http://b.example/?sig=secret', from), 'REDIRECT');
    expect(JSON.stringify([error.message, error.facts])).not.toMatch(/secret|pw/);
  });
});

describe('uploadLocation', () => {
  it.each([
    ['http://a.example/x?s=1', 'https://a.example/', 'https://a.example/x?s=1'],
    ['https://a.example/x', 'https://a.example:8443/', 'https://a.example:8443/x'],
    ['https://a.example:9000/x', 'https://a.example:8443/', 'https://a.example:9000/x'],
  ])('%s of %s', (location, from, to) => {
    expect(uploadLocation(location, new URL(from)).href).toBe(to);
  });

  it('refuses what a redirect may not do, and none at all', async () => {
    await expectCode(() => uploadLocation('http://b.example/', new URL('https://a.example/')), 'REDIRECT');
    await expectCode(() => uploadLocation(undefined, new URL('https://a.example/')), 'REDIRECT');
  });
});

describe('headersFor', () => {
  const headers = { Authorization: 'secret', cookie: 'c', accept: 'a' };

  it('keeps all for the same origin', () => {
    expect(headersFor(headers, new URL('https://a.example/1'), new URL('https://a.example/2'))).toEqual(headers);
  });

  it.each(['https://b.example/', 'https://a.example:8443/', 'http://a.example/'])('keeps no secret for %s', (to) => {
    expect(headersFor(headers, new URL('https://a.example/'), new URL(to))).toEqual({ accept: 'a' });
  });
});

describe('hosts', () => {
  it.each([
    ['docker.io', undefined, 'https://registry-1.docker.io'],
    ['ghcr.io', undefined, 'https://ghcr.io'],
    ['ghcr.io', true, 'http://ghcr.io'],
    ['localhost:5000', undefined, 'http://localhost:5000'],
    ['127.1.2.3:5000', undefined, 'http://127.1.2.3:5000'],
    ['[::1]:5000', undefined, 'http://[::1]:5000'],
    ['127.0.0.1:5000', false, 'https://127.0.0.1:5000'],
    ['10.0.0.1:5000', undefined, 'https://10.0.0.1:5000'],
    ['localhost.example', undefined, 'https://localhost.example'],
  ])('%s (insecure: %s) is asked at %s', (registry, insecure, origin) => {
    expect(apiOrigin(registry, insecure)).toBe(origin);
  });

  it.each(['0.0.0.0', '100.64.0.1', '172.31.0.1', '192.168.1.1', '[fc00::1]', '[febf::1]', '[::]'])(
    '%s is near but not loopback',
    (host) => {
      expect([isNear(host), isLoopback(host)]).toEqual([true, false]);
    },
  );

  it.each([
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '10.example.0.1',
    '[fc::1]',
    '[fec0::1]',
    '[2606:4700::1]',
    'example.com',
    '10.example',
  ])('%s is far', (host) => {
    expect(isNear(host)).toBe(false);
  });
});
