import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/registry/answer.ts';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { parseToken, realmOf, tokenQuestion } from '../../src/registry/token.ts';
import { expectCode } from '../expect-code.ts';

const challenge = (realm: string) => parseChallenges(`Bearer realm="${realm}"`)[0]!;

describe('realmOf', () => {
  it.each([
    ['https://auth.example/token', 'https://registry.example'],
    ['http://auth.example/token', 'http://registry.example'],
    ['http://127.0.0.1:5001/token', 'http://127.0.0.1:5000'],
    ['https://10.0.0.1/token', 'https://10.0.0.2'],
  ])('allows %s for %s', (realm, origin) => {
    expect(realmOf(challenge(realm), origin).href).toBe(realm);
  });

  it.each([
    ['http://auth.example/token', 'https://registry.example', /without TLS/],
    ['https://169.254.169.254/latest', 'https://registry.example', /private address/],
    ['https://localhost/token', 'https://registry.example', /private address/],
    ['ftp://auth.example/token', 'http://registry.example', /without TLS/],
    ['/token', 'https://registry.example', /not a URL/],
    ['', 'https://registry.example', /not a URL/],
  ])('refuses %s for %s', async (realm, origin, why) => {
    const error = await expectCode(() => realmOf(challenge(realm), origin), 'UNEXPECTED_ANSWER');
    expect(error.message).toMatch(why);
  });
});

describe('tokenQuestion', () => {
  it('keeps the query of the realm and repeats the scope', () => {
    const { url } = tokenQuestion(
      new URL('https://auth.example/token?a=b%2Fc'),
      'my service',
      ['one', 'two'],
      undefined,
    );
    expect(url.href).toBe('https://auth.example/token?a=b%2Fc&service=my+service&scope=one&scope=two');
  });
});

describe('parseToken', () => {
  const answer = (document: unknown): Answer => ({
    status: 200,
    headers: {},
    url: new URL('https://auth.example'),
    bytes: new TextEncoder().encode(JSON.stringify(document)),
  });

  it.each([
    [{ token: 'a' }, 55],
    [{ token: 'a', expires_in: 5 }, 55],
    [{ token: 'a', expires_in: 300 }, 295],
    [{ access_token: 'a', expires_in: '300' }, 55],
  ])('of %j lives for %i s', (document, seconds) => {
    expect(parseToken(answer(document), 1000)).toEqual({ header: 'Bearer a', until: 1000 + seconds * 1000 });
  });

  it.each([null, 1, [], { token: 7 }])('refuses %j', async (document) => {
    await expectCode(() => parseToken(answer(document), 0), 'UNEXPECTED_ANSWER');
  });
});
