import { describe, expect, it } from 'vitest';
import { takeCredentials } from '../../src/registry/url-credentials.ts';

function taken(text: string): { readonly url: string; readonly pair: string | undefined } {
  const url = new URL(text);
  const { authorization } = takeCredentials(url);
  const pair = authorization && Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
  return { url: url.href, pair };
}

describe('credentials of a URL', () => {
  it.each([
    ['https://me:pw@index.example/a?b', 'me:pw'],
    ['https://token@index.example/a?b', 'token:'],
    ['https://:token@index.example/a?b', ':token'],
    ['https://me%40work:p%3Aw%C3%B6@index.example/a?b', 'me@work:p:wö'],
    // Not percent-encoded at all: what was meant is plain.
    ['https://me:100%@index.example/a?b', 'me:100%'],
    ['https://me:%zz%41@index.example/a?b', 'me:%zzA'],
    ['https://index.example/a?b', undefined],
  ])('become a header: %s', (text, pair) => {
    expect(taken(text)).toEqual({ url: 'https://index.example/a?b', pair });
  });
});
