import { describe, expect, it } from 'vitest';
import { parseWant } from '../../src/apt/want.ts';
import { expectCode } from '../expect-code.ts';

describe('a wanted package', () => {
  it.each([
    ['git', { name: 'git' }],
    ['g++', { name: 'g++' }],
    ['git=1:2.39.5-0+deb12u2', { name: 'git', version: '1:2.39.5-0+deb12u2' }],
    ['git/bookworm-backports', { name: 'git', suite: 'bookworm-backports' }],
    ['git:amd64', { name: 'git', architecture: 'amd64' }],
    ['git:amd64=1.0~rc1', { name: 'git', architecture: 'amd64', version: '1.0~rc1' }],
    ['git-', { name: 'git-' }],
  ])('is read: %s', (text, expected) => {
    expect(parseWant(text)).toEqual({ text, ...expected });
  });

  it.each([
    'lib*',
    'libc?',
    'lib[a-z]',
    '^git$',
    'desktop^',
    'git=2.*',
    '?essential',
    '~nfoo',
    './a.deb',
    '/tmp/a.deb',
    '../a.deb',
  ])('cannot be a pattern or a file: %s', async (text) => {
    const error = await expectCode(() => parseWant(text), 'NOT_SUPPORTED');
    expect(error.facts).toEqual({ package: text });
  });

  it.each(['', '-git', 'git=', 'git/', 'a b', 'git:', '--yes', 'a/b/c'])('has a name: %j', async (text) => {
    await expectCode(() => parseWant(text), 'PACKAGE_UNKNOWN');
  });
});
