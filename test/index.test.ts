import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildEvent } from '../src/index.ts';
import * as library from '../src/index.ts';
import { build, exists, ImageSpec, isImageSpecError } from '../src/index.ts';
import { expectCode } from './expect-code.ts';
import { startFakeRegistry } from './registry/fake-registry.ts';

let directory: string;
let cacheFolder: string;
let output: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imagespec-library-'));
  cacheFolder = join(directory, 'cache');
  output = `oci:${join(directory, 'out')}`;
  await writeFile(join(directory, 'data.txt'), 'data\n');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const spec = (more: ConstructorParameters<typeof ImageSpec>[0] = {}): ImageSpec =>
  new ImageSpec({ name: 'hello', baseImage: 'scratch', copy: ['data.txt'], ...more });

describe('the library', () => {
  it('offers these names and no others', () => {
    expect(Object.keys(library).toSorted()).toEqual([
      'ImageSpec',
      'ImageSpecError',
      'build',
      'exists',
      'isImageSpecError',
    ]);
  });

  it('builds into a layout, from a spec that is a value', async () => {
    const { images } = await build(spec(), { directory, cacheFolder, outputs: [output] });
    expect(images[0]).toMatchObject({ status: 'built', outputs: [output] });
    expect(await readdir(join(directory, 'out'))).toContain('index.json');
  });

  it('tells what happens: every start has an end', async () => {
    const events: BuildEvent[] = [];
    await build(spec(), { directory, cacheFolder, outputs: [output], on: (event) => void events.push(event) });
    const ids = (type: string) => events.flatMap((one) => (one.type === type && 'id' in one ? [one.id] : []));
    expect(ids('start').length).toBeGreaterThan(0);
    expect(new Set(ids('end'))).toEqual(new Set(ids('start')));
  });

  it('pushes with the spec that a call changes', async () => {
    const registry = await startFakeRegistry();
    try {
      const { images } = await build(spec({ registry: `${registry.host}/acme` }), {
        directory,
        cacheFolder,
        push: true,
      });
      expect(images[0]?.reference).toBe(`${registry.host}/acme/hello@${images[0]?.digest}`);
      expect(registry.store('acme/hello').names.size).toBe(1);
    } finally {
      await registry.close();
    }
  });

  it('tells whether an image exists, and assumes nothing', async () => {
    const registry = await startFakeRegistry();
    const pushed = spec({ registry: `${registry.host}/acme`, platform: 'linux/amd64,linux/arm64' });
    try {
      expect(await exists(pushed, { directory })).toBe(false);
      await build(pushed, { directory, cacheFolder, push: true });
      expect(await exists(pushed, { directory })).toBe(true);
      expect(await exists(pushed, { directory, platforms: ['linux/s390x'] })).toBe(false);
      await expectCode(() => exists(spec(), { directory }), 'USAGE');
    } finally {
      await registry.close();
    }
    await expectCode(() => exists(pushed, { directory }), 'NETWORK');
  });

  it('builds a spec upon another', async () => {
    const registry = await startFakeRegistry();
    try {
      const home = { registry: `${registry.host}/acme` };
      const upon = spec({ ...home, baseImage: spec({ ...home, name: 'base' }) });
      const { images } = await build(upon, { directory, cacheFolder, push: true });
      expect(images.map(({ status }) => status)).toEqual(['built', 'built']);
      expect(images[1]?.platforms[0]?.layers[0]?.digest).toBe(images[0]?.platforms[0]?.layers[0]?.digest);
    } finally {
      await registry.close();
    }
  });

  it('rejects with ABORTED when it is aborted, before and while it works', async () => {
    const before = AbortSignal.abort();
    await expectCode(() => build(spec(), { directory, cacheFolder, outputs: [output], signal: before }), 'ABORTED');
    const controller = new AbortController();
    const on = (event: BuildEvent): void => {
      if (event.type === 'start' && event.step === 'pack') controller.abort();
    };
    const { signal } = controller;
    await expectCode(() => build(spec(), { directory, cacheFolder, outputs: [output], signal, on }), 'ABORTED');
    const left = await readdir(directory, { recursive: true });
    expect(left.filter((path) => path.includes('index.json'))).toEqual([]);
  });

  it.each([
    ['a tag that is none', { tags: ['not a tag'] }],
    ['a place that is a digest', { outputs: [`docker://r.example/x:1@sha256:${'0'.repeat(64)}`] }],
    ['half a thread', { workers: 0.5 }],
    ['no number of threads', { workers: Number.NaN }],
    ['pushing without a registry', { push: true }],
    ['two platforms in a docker-archive', { platforms: ['linux/amd64', 'linux/arm64'], outputs: ['docker-archive:x'] }],
  ])('refuses %s before anything is done', async (_name, options) => {
    await expectCode(() => build(spec(), { directory, cacheFolder, ...options }), 'USAGE');
    expect(await readdir(directory)).toEqual(['data.txt']);
  });

  it('rejects what cannot be, with errors that another copy of the package recognises', async () => {
    const error: unknown = await build(spec({ copy: ['absent'] }), { directory, cacheFolder }).catch(
      (thrown) => thrown,
    );
    expect(isImageSpecError(error) && error.code).toBe('COPY_NOT_FOUND');
    expect(() => spec({ name: '' })).toThrow(expect.objectContaining({ code: 'SPEC_INVALID' }));
  });
});
