import { describe, expect, it } from 'vitest';
import { ERROR_CODES, ImageSpecError, isImageSpecError, messageOf, systemCode } from '../../src/core/error.ts';

describe('ImageSpecError', () => {
  it('carries what programs and people need', () => {
    const cause = new Error('why');
    const error = new ImageSpecError('NOT_FOUND', 'It is not there', {
      hint: 'Look.',
      cause,
      facts: { status: 404 },
      issues: ['a'],
    });
    expect(error).toMatchObject({
      name: 'ImageSpecError',
      code: 'NOT_FOUND',
      message: 'It is not there',
      hint: 'Look.',
      cause,
      facts: { status: 404 },
      issues: ['a'],
    });
    expect(isImageSpecError(error)).toBe(true);
    expect('cause' in new ImageSpecError('NOT_FOUND', 'x')).toBe(false);
  });

  it('is told from bugs and other values', () => {
    for (const other of [new Error('x'), undefined, null, 'NOT_FOUND', { code: 'NOT_FOUND' }])
      expect(isImageSpecError(other)).toBe(false);
  });

  it('has an exit status and a manual line for every code', () => {
    for (const facts of Object.values(ERROR_CODES)) {
      expect([1, 2, 130]).toContain(facts.exit);
      expect(facts.manual).toMatch(/^[A-Z].*\.$/);
    }
  });
});

describe('other errors', () => {
  it('give their system code and message', () => {
    expect(systemCode(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT');
    expect(
      [new Error('x'), 'ENOENT', { code: 'ENOENT' }, Object.assign(new Error('x'), { code: 1 })].map(systemCode),
    ).toEqual([undefined, undefined, undefined, undefined]);
    expect([messageOf(new Error('x')), messageOf('y'), messageOf(undefined)]).toEqual(['x', 'y', 'undefined']);
  });
});
