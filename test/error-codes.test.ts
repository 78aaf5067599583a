// The promise of the table of codes: each is met in a test, and explained in the manual.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../src/core/error.ts';

const HERE = import.meta.dirname;
const tests = readdirSync(HERE, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts') && path !== 'error-codes.test.ts')
  .map((path) => readFileSync(join(HERE, path), 'utf8'));
const manual = readFileSync(join(HERE, '..', 'docs', 'errors.md'), 'utf8');

describe.each(Object.keys(ERROR_CODES))('%s', (code) => {
  it('is met in a test', () => {
    expect(tests.some((text) => new RegExp(`\\b${code}\\b`).test(text))).toBe(true);
  });

  it('stands in the manual', () => {
    expect(manual).toContain(`| \`${code}\` |`);
  });
});
