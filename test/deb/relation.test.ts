import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStanzas } from '../../src/deb/control.ts';
import {
  MalformedStanza,
  parsePackageVersion,
  parseRelationList,
  parseRelations,
  printRelation,
} from '../../src/deb/relation.ts';

const print = (text: string, architecture = 'amd64'): string =>
  parseRelations(text, architecture)
    .map((alternatives) => alternatives.map(printRelation).join(' | '))
    .join(', ');

describe('relations', () => {
  it.each([
    ['a', 'a'],
    ['a, b|c (>= 1:2.0~rc1-1),\n d', 'a, b | c (>= 1:2.0~rc1-1), d'],
    ['a:any (>=1), b:arm64( << 2 )', 'a:any (>= 1), b:arm64 (<< 2)'],
    ['a (< 1), b (> 1), c (>> 1), d (= 1)', 'a (<= 1), b (>= 1), c (>> 1), d (= 1)'],
    ['', ''],
    ['a,, b,', 'a, b'],
    ['g++, libstdc++6 (>= 5), 0ad', 'g++, libstdc++6 (>= 5), 0ad'],
  ])('are read: %j', (text, expected) => {
    expect(print(text)).toBe(expected);
  });

  it.each([
    ['a [amd64], b [arm64], c [!amd64], d [!arm64 !i386]', 'a, d'],
    ['a [arm64] | b, c [arm64] | d [i386]', 'b'],
    ['a [any], b [linux-any], c [any-amd64], d [kfreebsd-any], e [any-arm64], f [hurd-amd64]', 'a, b, c'],
    ['a <!nocheck>, b <cross>, c <stage1> <!nodoc !cross>, d (>= 1) [amd64] <!stage1>', 'a, c, d (>= 1)'],
  ])('of other architectures and of profiles are left out: %j', (text, expected) => {
    expect(print(text)).toBe(expected);
  });

  it.each(['a b', 'a (1)', 'a (>= )', 'a (>= 1', 'a (>= x)', '-a', 'a:', 'a (~ 1)', '|', 'a |', 'a [amd64', 'ä'])(
    'are refused when malformed: %j',
    (text) => {
      expect(() => parseRelations(text, 'amd64')).toThrow(MalformedStanza);
    },
  );

  it('have no alternatives in a list', () => {
    expect(parseRelationList('a, b (= 1)', 'amd64')).toEqual([
      { name: 'a' },
      { name: 'b', operator: '=', version: '1' },
    ]);
    expect(() => parseRelationList('a | b', 'amd64')).toThrow(MalformedStanza);
  });

  it('have a bound', () => {
    expect(() => parseRelations(`${'a, '.repeat(400_000)}a`, 'amd64')).toThrow('longer than');
  });

  it('are printed as they are read', () => {
    const relation = fc.record({
      name: fc.constantFrom('a1', 'libc6', 'g++', 'x.y-z'),
      architecture: fc.constantFrom(undefined, 'any', 'native', 'arm64'),
      range: fc.constantFrom(
        undefined,
        ...(['<<', '<=', '=', '>=', '>>'] as const).map((sign) => [sign, '1:2~a-3'] as const),
      ),
    });
    fc.assert(
      fc.property(fc.array(fc.array(relation, { minLength: 1, maxLength: 3 }), { maxLength: 4 }), (groups) => {
        const relations = groups.map((group) =>
          group.map(({ name, architecture, range }) => ({
            name,
            ...(architecture ? { architecture } : {}),
            ...(range ? { operator: range[0], version: range[1] } : {}),
          })),
        );
        const text = relations.map((group) => group.map(printRelation).join(' | ')).join(', ');
        expect(parseRelations(text, 'amd64')).toEqual(relations);
      }),
    );
  });
});

function parse(text: string) {
  const [stanza = []] = parseStanzas(text, (line) => {
    throw new Error(line);
  });
  return parsePackageVersion(stanza, 'amd64');
}

describe('the version of a package', () => {
  it('is read from its stanza', () => {
    const text = [
      'Package: libfoo1',
      'Source: foo (1.0-1)',
      'Version: 1.0-1+b2',
      'Architecture: amd64',
      'Multi-Arch: same',
      'Essential: yes',
      'Priority: required',
      'Pre-Depends: dpkg (>= 1)',
      'Depends: libc6 (>= 2.34),',
      ' bar | baz [arm64]',
      'Provides: foo-api-1 (= 1)',
      'Conflicts: old',
      'breaks: other (<< 2)',
      'Replaces: other (<< 2)',
      '',
    ].join('\n');
    expect(parse(text)).toEqual({
      name: 'libfoo1',
      version: '1.0-1+b2',
      source: { name: 'foo', version: '1.0-1' },
      architecture: 'amd64',
      multiArch: 'same',
      essential: true,
      priority: 'required',
      preDepends: [[{ name: 'dpkg', operator: '>=', version: '1' }]],
      depends: [[{ name: 'libc6', operator: '>=', version: '2.34' }], [{ name: 'bar' }]],
      provides: [{ name: 'foo-api-1', operator: '=', version: '1' }],
      conflicts: [{ name: 'old' }],
      breaks: [{ name: 'other', operator: '<<', version: '2' }],
      replaces: [{ name: 'other', operator: '<<', version: '2' }],
    });
  });

  it('has defaults', () => {
    const version = parse('Package: a\nVersion: 1\nArchitecture: all\nSource: a\n');
    expect(version).toMatchObject({ multiArch: 'no', essential: false, priority: 'optional', depends: [] });
    expect(version).not.toHaveProperty('source');
    expect(parse('Package: a\nVersion: 1\nArchitecture: all\nSource: b\n').source).toEqual({ name: 'b', version: '1' });
  });

  it.each([
    ['Version: 1\nArchitecture: all\n', 'no field Package'],
    ['Package: a\nArchitecture: all\n', 'no field Version'],
    ['Package: a\nVersion: 1\n', 'no field Architecture'],
    ['Package: a\nVersion: latest\nArchitecture: all\n', 'not a version'],
    ['Package: a\nVersion: 1\nArchitecture: all\nMulti-Arch: maybe\n', 'Multi-Arch'],
    ['Package: a\nVersion: 1\nArchitecture: all\nProvides: b | c\n', 'alternatives'],
  ])('is refused when malformed: %j', (text, message) => {
    expect(() => parse(text)).toThrow(MalformedStanza);
    expect(() => parse(text)).toThrow(message);
  });
});
