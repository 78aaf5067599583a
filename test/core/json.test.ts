import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { canonicalJson, keyOf } from '../../src/core/json.ts';

const json = fc.jsonValue({ maxDepth: 3 }).map((value) => value as Json);

describe('canonicalJson', () => {
  it('does not depend on the order of members', () => {
    expect(canonicalJson({ b: 1, a: { d: [1, 2], c: null } })).toBe('{"a":{"c":null,"d":[1,2]},"b":1}');
    expect(canonicalJson({ b: 1, a: undefined })).toBe('{"b":1}');
  });

  it('orders keys by code unit, not by locale', () => {
    expect(canonicalJson({ ä: 1, z: 1, Z: 1, a: 1 })).toBe('{"Z":1,"a":1,"z":1,"ä":1}');
  });

  it('means the same as JSON', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('keyOf', () => {
  it('differs where values differ, also where their texts run together', () => {
    const values: Json[] = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc'],
      'abc',
      { a: 'bc' },
      { ab: 'c' },
      [['a'], 'bc'],
      null,
      'null',
      1,
      '1',
    ];
    expect(new Set(values.map(keyOf)).size).toBe(values.length);
  });
});
