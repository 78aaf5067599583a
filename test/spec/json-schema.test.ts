import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FIELD_NAMES } from '../../src/spec/field-names.ts';
import { jsonSchema } from '../../src/spec/json-schema.ts';
import { aboutField } from '../../src/spec/schema.ts';

const schema = jsonSchema() as { properties: Record<string, { description?: string; examples?: unknown[] }> };
const validator = z.fromJSONSchema(schema);
const accepts = (value: unknown): boolean => validator.safeParse(value).success;

describe('jsonSchema', () => {
  it('is closed, and of draft 2020-12', () => {
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      additionalProperties: false,
    });
  });

  it.each(FIELD_NAMES)('describes %s with an example that it accepts', (name) => {
    const { description, examples } = schema.properties[name] ?? {};
    const { instead } = aboutField(name);
    expect(description).toContain(aboutField(name).description);
    expect(description?.includes('Not supported yet')).toBe(instead !== undefined);
    expect(examples).toEqual([aboutField(name).example]);
    expect(accepts({ [name]: examples?.[0] })).toBe(true);
    expect(accepts({ [name]: null })).toBe(true);
  });

  it.each([
    { platform: ['linux/amd64'] },
    { env: { A: 1, B: true, C: 'x' } },
    { $schema: './imagespec.schema.json', name: 'x' },
  ])('accepts %j', (value) => {
    expect(accepts(value)).toBe(true);
  });

  it.each([{ nam: 'x' }, { packages: 'a' }, { env: ['A=1'] }, { env: { A: null } }, { python_version: 3.1 }])(
    'refuses %j',
    (value) => {
      expect(accepts(value)).toBe(false);
    },
  );

  it('holds nothing but JSON', () => {
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });
});
