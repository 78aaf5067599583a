import { expect, it } from 'vitest';
import { normalizeName } from '../../src/python/package-name.ts';

it('names of a distribution have one spelling (PEP 503)', () => {
  const names = ['Foo.Bar', 'foo_bar', 'FOO-BAR', 'foo--bar', 'foo-_.bar'];
  expect(new Set(names.map(normalizeName))).toEqual(new Set(['foo-bar']));
  expect(normalizeName('foobar')).toBe('foobar');
});
