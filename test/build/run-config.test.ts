import { describe, expect, it } from 'vitest';
import { imageConfig, runConfig } from '../../src/build/run-config.ts';
import type { ImageConfig } from '../../src/oci/config.ts';

const settings = { programs: '/opt/venv/bin', env: [], user: 'flytekit', workingDirectory: '/root' } as const;
const digest = (letter: string): `sha256:${string}` => `sha256:${letter.repeat(64)}`;

describe('runConfig', () => {
  it("puts the environment's programs first on the base's PATH", () => {
    expect(runConfig({ Env: ['A=1', 'PATH=/usr/bin', 'B=2'] }, settings).Env).toEqual([
      'A=1',
      'PATH=/opt/venv/bin:/usr/bin',
      'B=2',
    ]);
  });

  it('gives a base without PATH a usable one', () => {
    expect(runConfig(undefined, settings).Env?.[0]).toMatch(/^PATH=\/opt\/venv\/bin:\/usr\/local\/sbin:.*:\/bin$/);
  });

  it('leaves PATH alone when nothing is installed', () => {
    expect(runConfig({ Env: ['PATH=/x'] }, { ...settings, programs: undefined }).Env).toEqual(['PATH=/x']);
  });

  it('replaces variables in place and keeps values with spaces and equals signs', () => {
    const env = [
      ['A', 'x y=z'],
      ['NEW', ''],
    ] as const;
    expect(runConfig({ Env: ['PATH=/x', 'A=1'] }, { ...settings, programs: undefined, env }).Env).toEqual([
      'PATH=/x',
      'A=x y=z',
      'NEW=',
    ]);
  });

  it("keeps the base's entry point and command when the spec names none", () => {
    const run = runConfig({ Entrypoint: ['/e'], Cmd: ['c'], Healthcheck: { Test: ['NONE'] } }, settings);
    expect(run).toMatchObject({ Entrypoint: ['/e'], Cmd: ['c'], Healthcheck: { Test: ['NONE'] } });
  });

  it('clears an inherited command with a new entry point, also an empty one', () => {
    const run = runConfig({ Entrypoint: ['/e'], Cmd: ['c'] }, { ...settings, entrypoint: [] });
    expect(run.Entrypoint).toEqual([]);
    expect(run.Cmd).toBeUndefined();
  });
});

describe('imageConfig', () => {
  const base: ImageConfig = {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [digest('a')] },
    history: [{ created_by: 'ADD' }, { created_by: 'CMD', empty_layer: true }],
    'vendor.field': 7,
  };
  const layers = [{ diffId: digest('b'), content: 'numpy 2' }];

  it('appends diff IDs and one history entry per layer, and keeps unknown members', () => {
    const config = imageConfig(base, { os: 'linux', architecture: 'amd64' }, {}, layers, '1970-01-01T00:00:00Z');
    expect(config.rootfs.diff_ids).toEqual([digest('a'), digest('b')]);
    expect(config.history?.filter((entry) => !entry.empty_layer)).toHaveLength(2);
    expect(config['vendor.field']).toBe(7);
    expect(config.created).toBe('1970-01-01T00:00:00Z');
  });

  it('gives a base without history one entry per layer', () => {
    const { history: _history, ...bare } = base;
    const config = imageConfig(bare, { os: 'linux', architecture: 'amd64' }, {}, layers, '1970-01-01T00:00:00Z');
    expect(config.history).toHaveLength(config.rootfs.diff_ids.length);
  });

  it('makes the config of an image from nothing', () => {
    const config = imageConfig(undefined, { os: 'linux', architecture: 'arm64', variant: 'v9' }, {}, layers, 'x');
    expect(config).toMatchObject({
      architecture: 'arm64',
      variant: 'v9',
      rootfs: { type: 'layers', diff_ids: [digest('b')] },
    });
  });
});
