import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostPathOf, readVolumes } from '../../src/run/volumes.ts';
import { expectCode } from '../expect-code.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-volumes-'));
  await mkdir(join(folder, 'data', 'inner'), { recursive: true });
  await writeFile(join(folder, 'file'), '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('readVolumes', () => {
  it('reads files and folders, outer mounts before inner ones', async () => {
    const texts = [`file:/a/../b/file:ro`, `data/inner:/b/data/inner`, `${folder}/data:/b/data/:rw`];
    expect(await readVolumes(texts, folder)).toEqual([
      { source: join(folder, 'data'), target: '/b/data', kind: 'directory', isReadOnly: false },
      { source: join(folder, 'data', 'inner'), target: '/b/data/inner', kind: 'directory', isReadOnly: false },
      { source: join(folder, 'file'), target: '/b/file', kind: 'file', isReadOnly: true },
    ]);
  });

  it.each([
    ['data', 'not HOST:/IMAGE'],
    [':/x', 'not HOST:/IMAGE'],
    ['data:x', 'not HOST:/IMAGE'],
    ['data:/x:ro:z', 'not HOST:/IMAGE'],
    ['data:/x:z', 'neither ro nor rw'],
    ['nothing:/x', 'nothing does not exist on this host'],
  ])('refuses %s', async (text, why) => {
    const error = await expectCode(() => readVolumes([text], folder), 'USAGE');
    expect(error.message).toContain(why);
  });

  it('refuses two for one place, and an inner one without a place in the outer', async () => {
    const twice = await expectCode(() => readVolumes(['data:/x', 'file:/x/'], folder), 'USAGE');
    expect(twice.message).toContain('/x is given twice');
    const inner = await expectCode(() => readVolumes(['data:/x', 'file:/x/other'], folder), 'USAGE');
    expect(inner.message).toContain(`${join(folder, 'data', 'other')} does not exist`);
  });

  it.each(['/', '/proc', '/dev/shm', '/sys/../sys'])('refuses %s as the place', async (target) => {
    await expectCode(() => readVolumes([`data:${target}`], folder), 'NOT_SUPPORTED');
  });
});

describe('hostPathOf', () => {
  it('follows a path of the image into the innermost mount', () => {
    const mount = (source: string, target: string) =>
      ({ source, target, kind: 'directory', isReadOnly: false }) as const;
    const mounts = [mount('/h/a', '/a'), mount('/h/b', '/a/b')];
    expect(['/a', '/a/x', '/a/b/y', '/ab', '/'].map((path) => hostPathOf(mounts, path))).toEqual([
      '/h/a',
      '/h/a/x',
      '/h/b/y',
      undefined,
      undefined,
    ]);
  });
});
