import { describe, expect, it } from 'vitest';
import { FIELD_NAMES, FLYTEKIT_FIELDS, OWN_FIELDS } from '../../src/spec/field-names.ts';
import { aboutField, defaultBaseImage, specSchema } from '../../src/spec/schema.ts';

describe('specSchema', () => {
  it('has flytekit’s 29 fields in flytekit’s order, and then our own', () => {
    expect(FLYTEKIT_FIELDS).toHaveLength(29);
    expect(Object.keys(specSchema.shape)).toEqual([...FLYTEKIT_FIELDS, ...OWN_FIELDS]);
  });

  it('is closed', () => {
    expect(specSchema.safeParse({ other: 1 }).success).toBe(false);
  });

  it.each(FIELD_NAMES)('tells of %s what it is, with an example', (name) => {
    const { description, example } = aboutField(name);
    expect(description).toMatch(/^[A-Z][^|\n]+\.$/);
    expect(example).toBeDefined();
  });

  it('refuses these by name, and no others', () => {
    const refused = FIELD_NAMES.filter((name) => aboutField(name).instead !== undefined);
    expect(refused).toEqual([
      'builder',
      'conda_packages',
      'conda_channels',
      'cuda',
      'cudnn',
      'registry_config',
      'builder_options',
      'builder_config',
    ]);
  });
});

describe('defaultBaseImage', () => {
  it('follows the Python version', () => {
    expect(defaultBaseImage({})).toBe('docker.io/library/python:3.12-slim');
    expect(defaultBaseImage({ pythonVersion: '3.13.1' })).toBe('docker.io/library/python:3.13.1-slim');
  });
});
