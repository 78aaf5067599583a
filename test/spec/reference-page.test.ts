import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FIELD_NAMES } from '../../src/spec/field-names.ts';
import { specReference } from '../../src/spec/reference-page.ts';

const FILE = join(import.meta.dirname, '..', '..', 'docs', 'spec.md');

describe('specReference', () => {
  it('is what docs/spec.md holds (npm run generate)', async () => {
    expect(await readFile(FILE, 'utf8')).toBe(specReference());
  });

  it.each(FIELD_NAMES)('has one row for %s', (name) => {
    expect(
      specReference()
        .split('\n')
        .filter((line) => line.startsWith(`| \`${name}\` |`)),
    ).toHaveLength(1);
  });

  it('has three cells in every row', () => {
    const rows = specReference()
      .split('\n')
      .filter((line) => line.startsWith('|'));
    for (const row of rows) expect(row.match(/(?<!\\)\|/g), row).toHaveLength(4);
  });
});
