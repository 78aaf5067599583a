import { describe, expect, it } from 'vitest';
import { EMPTY_NETRC, parseNetrc } from '../../src/python/netrc.ts';

describe('netrc', () => {
  it.each([
    ['one line', 'machine a.example login me password x', { 'a.example': ['me', 'x'] }],
    ['many lines', 'machine A.example\n\tlogin me\n\tpassword x\n', { 'a.example': ['me', 'x'] }],
    ['fields in any order', 'machine a password x account z login me', { a: ['me', 'x'] }],
    ['a quoted password', 'machine a login me password "x \\" # y"', { a: ['me', 'x " # y'] }],
    ['a password with #', 'machine a login me password x#y', { a: ['me', 'x#y'] }],
    ['comments', '# machine b login n password y\nmachine a login me password x # more', { a: ['me', 'x'] }],
    ['a macro', 'macdef init\n machine b login n password y\n\nmachine a login me password x', { a: ['me', 'x'] }],
    ['the first of two', 'machine a login me password x\nmachine a login you password y', { a: ['me', 'x'] }],
    ['several', 'machine a login me password x machine b login you password y', { a: ['me', 'x'], b: ['you', 'y'] }],
    ['a password alone', 'machine a password x', { a: ['', 'x'] }],
    ['an entry that is cut', 'machine a login', { a: ['', ''] }],
    ['something else', '[global]\nindex-url = x', {}],
    ['nothing', '', {}],
  ] as const)('%s', (_name, text, expected) => {
    const { machines, fallback } = parseNetrc(text);
    const found = [...machines].map(([host, { login, password }]) => [host, [login, password]]);
    expect(Object.fromEntries(found)).toEqual(expected);
    expect(fallback).toBeUndefined();
  });

  it('keeps the entry for all others apart', () => {
    const { machines, fallback } = parseNetrc('machine a login me password x\ndefault login you password y\n');
    expect([...machines.keys()]).toEqual(['a']);
    expect(fallback).toEqual({ login: 'you', password: 'y' });
  });

  it('ends with whatever is given', () => {
    expect(parseNetrc('machine')).toEqual({ ...EMPTY_NETRC, machines: new Map([['', { login: '', password: '' }]]) });
  });
});
