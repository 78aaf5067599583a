import { describe, expect, it } from 'vitest';
import { printError, printSize, printTable } from '../../src/cli/print.ts';
import { shorten } from '../../src/cli/progress.ts';
import { ImageSpecError } from '../../src/core/error.ts';

describe('an error', () => {
  it('is its message with the code, further findings, and the hint', () => {
    const issues = ['one is wrong', 'two is wrong', 'three is wrong'];
    const error = new ImageSpecError('REQUIREMENTS_INVALID', 'one is wrong (and 2 more)', {
      issues,
      hint: 'Correct them.',
    });
    expect(printError(error, false)).toBe(
      'error: one is wrong (and 2 more) [REQUIREMENTS_INVALID]\n  - two is wrong\n  - three is wrong\nhint: Correct them.\n',
    );
  });

  it('is told once where it is one finding', () => {
    const issues = ['x.yaml:1:1: `a` is wrong. Correct it.'];
    const error = new ImageSpecError('SPEC_INVALID', 'x.yaml:1:1: `a` is wrong', { issues, hint: 'Correct it.' });
    expect(printError(error, false)).toBe('error: x.yaml:1:1: `a` is wrong [SPEC_INVALID]\nhint: Correct it.\n');
  });

  it('tells its causes when asked', () => {
    const cause = new Error('outer', { cause: 'inner' });
    const error = new ImageSpecError('NETWORK', 'broken', { cause });
    expect(printError(error, false)).toBe('error: broken [NETWORK]\n');
    expect(printError(error, true)).toBe('error: broken [NETWORK]\ncaused by: outer\ncaused by: inner\n');
  });

  it('cannot do anything to the terminal', () => {
    const error = new ImageSpecError('NOT_FOUND', 'a\u001b[2J\u009b31mb', { hint: 'c\rd\u0007\te' });
    expect(printError(error, true)).toBe('error: a [2J 31mb [NOT_FOUND]\nhint: c d \te\n');
    expect(shorten('x\u001b]0;title\u0007')).toBe('x ]0;title ');
  });

  it('is a bug when it is not ours', () => {
    expect(printError(new TypeError('oops'), false)).toMatch(/^error: this is a bug of imagespec.*\nTypeError: oops\n/);
    expect(printError('oops', false)).toMatch(/bug.*\noops\n$/);
  });
});

describe('words for people', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1_234_567, '1.2 MB'],
    [999_960, '1.0 MB'],
    [5e15, '5000.0 TB'],
  ])('sizes: %d', (bytes, expected) => {
    expect(printSize(bytes)).toBe(expected);
  });

  it('tables have columns, without spaces at the end', () => {
    const rows = [
      ['A', 'SIZE', 'C'],
      ['long', '1', ''],
    ];
    expect(printTable(rows, [1])).toBe('A     SIZE  C\nlong     1\n');
  });
});
