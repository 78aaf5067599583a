import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/core/digest.ts';
import { parseConfig } from '../../src/oci/config.ts';
import { expectCode } from '../expect-code.ts';

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const least = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [digestOf('a')] } };

describe('parseConfig', () => {
  it('keeps what it does not know, at every level', () => {
    const full = {
      ...least,
      docker_version: '20.10',
      config: { Env: ['A=1'], Labels: { a: 'b' }, Healthcheck: { Test: ['CMD', 'true'] }, OnBuild: ['RUN x'] },
      history: [{ created_by: 'x', empty_layer: true, other: 1 }],
    };
    expect(parseConfig(bytesOf(full), 'it')).toEqual(full);
  });

  it('takes null for absent, as Docker writes it', () => {
    const parsed = parseConfig(bytesOf({ ...least, config: { Env: null, Cmd: null, Labels: null, Volumes: null }, history: null, created: null }), 'it'); // prettier-ignore
    expect(parsed).toEqual({ ...least, config: {} });
    expect(parseConfig(bytesOf({ ...least, config: null }), 'it').config).toBeUndefined();
    expect(
      parseConfig(bytesOf({ ...least, rootfs: { type: 'layers', diff_ids: null } }), 'it').rootfs.diff_ids,
    ).toEqual([]);
  });

  it.each([
    ['no system', { ...least, os: undefined }],
    ['no rootfs', { ...least, rootfs: undefined }],
    ['diff IDs that are no digests', { ...least, rootfs: { type: 'layers', diff_ids: ['sha256:1'] } }],
    ['an environment of numbers', { ...least, config: { Env: [1] } }],
    ['a list', []],
  ])('refuses %s', async (_what, value) => {
    const error = await expectCode(() => parseConfig(bytesOf(value), 'config of x'), 'MANIFEST_INVALID');
    expect(error.message).toContain('config of x');
    expect(error.issues.length).toBeGreaterThan(0);
  });
});
