import { describe, expect, it } from 'vitest';
import type { PythonValue } from '../../src/spec/python-repr.ts';
import { pythonRepr } from '../../src/spec/python-repr.ts';

// What CPython 3.11 prints.
const CASES: readonly (readonly [name: string, value: PythonValue, printed: string])[] = [
  ['None', null, 'None'],
  ['True', true, 'True'],
  ['False', false, 'False'],
  ['an int', 3, '3'],
  ['a big int', 2 ** 53, '9007199254740992'],
  ['a negative int', -7, '-7'],
  ['a float', 3.9, '3.9'],
  ['a float that has no exponent', 0.0001, '0.0001'],
  ['a float whose exponent gets two digits', 0.000_012_5, '1.25e-05'],
  ['a float of a long exponent', 1.5e-300, '1.5e-300'],
  ['infinity', -Infinity, '-inf'],
  ['not a number', NaN, 'nan'],
  ['text', 'plain', "'plain'"],
  ['text with a single quote', "it's", `"it's"`],
  ['text with double quotes', 'say "hi"', `'say "hi"'`],
  ['text with both quotes', `e'"f`, String.raw`'e\'"f'`],
  ['a backslash', 'g\\h', String.raw`'g\\h'`],
  ['short escapes', 'a\tb\nc\rd', String.raw`'a\tb\nc\rd'`],
  ['control characters', '\0\u001b\u007f\u0085', String.raw`'\x00\x1b\x7f\x85'`],
  ['a no-break space and a soft hyphen', '\u00a0\u00ad', String.raw`'\xa0\xad'`],
  ['letters beyond ASCII', 'é ж 漢', "'é ж 漢'"],
  ['invisible characters', '\u200b\u2028\ufeff', String.raw`'\u200b\u2028\ufeff'`],
  ['private use', '\ue000', String.raw`'\ue000'`],
  ['a lone surrogate', '\ud800', String.raw`'\ud800'`],
  ['an emoji', '😀', "'😀'"],
  ['an invisible character of another plane', '\u{e0001}', String.raw`'\U000e0001'`],
  ['a list', ['a', 1, []], "['a', 1, []]"],
  ['an empty dict', new Map(), '{}'],
  [
    'a dict in its own order',
    new Map<string, PythonValue>([
      ['2', 'b'],
      ['1', null],
    ]),
    "{'2': 'b', '1': None}",
  ],
  ['an enum member', { enumName: 'Color.RED', value: 1 }, '<Color.RED: 1>'],
];

describe('pythonRepr', () => {
  it.each(CASES)('prints %s as CPython does', (_name, value, printed) => {
    expect(pythonRepr(value)).toBe(printed);
  });
});
