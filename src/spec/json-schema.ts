// The schema of spec files for editors, as JSON Schema 2020-12.
import { z } from 'zod';
import type { Json } from '../core/json.ts';
import { FIELD_NAMES } from './field-names.ts';
import { aboutField, specSchema } from './schema.ts';

type JsonObject = { readonly [key: string]: Json | undefined };

/** What a Map of variables is in a file. */
const VARIABLES: JsonObject = {
  type: 'object',
  propertyNames: { pattern: '^[^=]+$' },
  additionalProperties: { type: ['string', 'number', 'boolean'] },
};

/** Several specs in one file. */
const IMAGES: JsonObject = {
  description:
    'Several images, each under its name; the parameters beside it hold for each that does not set them itself.',
  type: 'object',
  minProperties: 1,
  additionalProperties: { $ref: '#' },
};

/** What a spec file may hold: the input side of the schema, with a description and an example on every field. */
export function jsonSchema(): JsonObject {
  const { $schema, properties, ...rest } = z.toJSONSchema(specSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema: made }) => {
      if (zodSchema._zod.def.type === 'map') Object.assign(made, VARIABLES);
    },
  }) as unknown as { $schema: string; properties: Record<string, JsonObject> };
  const fields = FIELD_NAMES.map((name) => {
    const { instead: _instead, examples: _examples, description: _description, ...type } = properties[name] ?? {};
    const { description, example, instead } = aboutField(name);
    const text = instead ? `${description} Not supported yet: ${instead}` : description;
    const own = name === 'base_image' ? { anyOf: [type, { $ref: '#' }] } : type;
    return [name, { description: text, ...own, examples: [example as Json] }] as const;
  });
  return {
    $schema,
    title: 'ImageSpec',
    ...rest,
    properties: { $schema: { type: 'string' }, images: IMAGES, ...Object.fromEntries(fields) },
  };
}
