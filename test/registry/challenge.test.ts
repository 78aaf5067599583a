import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Challenge } from '../../src/registry/challenge.ts';
import { bestChallenge, parseChallenges } from '../../src/registry/challenge.ts';

const plain = (header: string | readonly string[] | undefined): unknown[] =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('parseChallenges', () => {
  it.each<[string, string | readonly string[] | undefined, unknown[]]>([
    ['nothing', undefined, []],
    [
      'Docker Hub',
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      [
        [
          'bearer',
          { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:a/b:pull,push' },
        ],
      ],
    ],
    ['upper case (Nexus)', 'BASIC realm="Sonatype Nexus"', [['basic', { realm: 'Sonatype Nexus' }]]],
    ['spaces around', ' bearer  Realm = "x" , service=y ', [['bearer', { realm: 'x', service: 'y' }]]],
    ['a scheme alone', 'Negotiate', [['negotiate', {}]]],
    [
      'a token68',
      'Negotiate YII==, Basic realm="a"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'a' }],
      ],
    ],
    [
      'commas in quotes',
      'Basic realm="a, b=c", Bearer realm="x"',
      [
        ['basic', { realm: 'a, b=c' }],
        ['bearer', { realm: 'x' }],
      ],
    ],
    ['escapes', 'Basic realm="say \\"hi\\" \\\\"', [['basic', { realm: 'say "hi" \\' }]]],
    [
      'several headers',
      ['Basic realm="a"', 'Bearer realm="b"'],
      [
        ['basic', { realm: 'a' }],
        ['bearer', { realm: 'b' }],
      ],
    ],
    ['an empty value', 'Bearer realm="",error="x"', [['bearer', { realm: '', error: 'x' }]]],
    ['the first of two', 'Bearer realm="a",realm="b"', [['bearer', { realm: 'a' }]]],
    ['an open quote', 'Bearer realm="a', [['bearer', { realm: 'a' }]]],
    ['a parameter without a scheme', 'realm="a"', []],
  ])('reads %s', (_title, header, expected) => {
    expect(plain(header)).toEqual(expected);
  });

  const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  const challenge = fc.record({
    scheme: word,
    parameters: fc.uniqueArray(fc.tuple(word, fc.string({ unit: 'binary-ascii' })), { selector: ([name]) => name }),
  });

  const print = ({ scheme, parameters }: { scheme: string; parameters: [string, string][] }): string => {
    const quoted = parameters.map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`);
    return [scheme, quoted.join(', ')].join(' ').trimEnd();
  };

  it('reads back whatever is printed', () => {
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
        const expected = challenges.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
        expect(plain(challenges.map(print).join(', '))).toEqual(expected);
      }),
    );
  });

  it('takes any text without throwing, in time', () => {
    const nasty = fc.array(fc.constantFrom('Bearer', ' ', ',', '=', '"', '\\', 'realm', 'a', '\t', '==', 'ü'), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          nasty.map((parts) => parts.join('')),
        ),
        (header) => {
          for (const { scheme, parameters } of parseChallenges(header)) {
            expect(scheme).toBe(scheme.toLowerCase());
            expect(parameters).toBeInstanceOf(Map);
          }
        },
      ),
    );
    for (const text of ['"\\', 'a =', 'a ', 'a=', '   '])
      expect(parseChallenges(text.repeat(100_000)).length).toBeLessThan(20_000);
  });
});

describe('bestChallenge', () => {
  const of = (scheme: string): Challenge => ({ scheme, parameters: new Map() });

  it('prefers Bearer to Basic and speaks nothing else', () => {
    expect(bestChallenge([of('basic'), of('bearer')])?.scheme).toBe('bearer');
    expect(bestChallenge([of('digest'), of('basic')])?.scheme).toBe('basic');
    expect(bestChallenge([of('negotiate')])).toBeUndefined();
  });
});
