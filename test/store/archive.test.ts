import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Image, Index } from '../../src/content/content.ts';
import { copy } from '../../src/content/copy.ts';
import { loadAny } from '../../src/content/load.ts';
import { createContext } from '../../src/core/context.ts';
import { digestOf } from '../../src/core/digest.ts';
import { ociArchiveSource, ociArchiveTarget } from '../../src/store/archive.ts';
import { dockerArchiveSource } from '../../src/store/docker-archive.ts';
import { lyingContent, sampleImage, sampleIndex } from '../contract/sample-image.ts';
import { expectCode } from '../expect-code.ts';
import { makeTar } from './make-tar.ts';
import { createNames, temporaryFolder } from './temporary-folder.ts';

const ctx = createContext();
const random = createNames();
const run = promisify(execFile);

async function place() {
  const folder = await temporaryFolder();
  const file = join(folder, 'out', 'image.tar');
  const scratch = join(folder, 'scratch');
  return { folder, file, scratch, target: ociArchiveTarget(file, { random, scratch }) };
}

async function archiveOf(root: Image | Index, names: readonly string[]): Promise<string> {
  const { file, target } = await place();
  await copy(ctx, root, target, names);
  await target.close?.(ctx);
  return file;
}

describe('an oci-archive', () => {
  it('has the same bytes whatever the order of arrival', async () => {
    const index = await sampleIndex('a');
    const { file, target } = await place();
    for (const image of [...index.images].reverse())
      for (const content of [image, image.configContent, ...image.layers]) await target.put(ctx, content);
    await target.tag(ctx, index, ['v2', 'v1']);
    await target.close?.(ctx);
    const other = await archiveOf(index, ['v1', 'v2']);
    expect(digestOf(await readFile(file))).toBe(digestOf(await readFile(other)));
  });

  it('is a plain sorted tar to GNU tar', async () => {
    const image = await sampleImage('a');
    const file = await archiveOf(image, ['v1']);
    const { stdout } = await run('tar', ['--numeric-owner', '--utc', '-tvf', file], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    const lines = stdout.trim().split('\n');
    const blobs = [image, image.configContent, ...image.layers].map(({ descriptor }) => descriptor.digest.slice(7));
    expect(lines.map((line) => line.split(/\s+/).at(-1))).toEqual([
      'blobs/',
      'blobs/sha256/',
      ...blobs.sort().map((hex) => `blobs/sha256/${hex}`),
      'index.json',
      'oci-layout',
    ]);
    expect(lines.every((line) => /^(drwxr-xr-x|-rw-r--r--) 0\/0 +\d+ 1970-01-01 00:00 /.test(line))).toBe(true);
  });

  it('appears only when it is closed, and replaces the one before', async () => {
    const { file, folder, target } = await place();
    await mkdir(join(folder, 'out'));
    await writeFile(file, 'the one before');
    const image = await sampleImage('a');
    await copy(ctx, image, target, ['v1']);
    expect(await readFile(file, 'utf8')).toBe('the one before');
    await target.close?.(ctx);
    expect(await readdir(join(folder, 'out'))).toEqual(['image.tar']);
    expect((await loadAny(ctx, ociArchiveSource(file), 'v1')).descriptor.digest).toBe(image.descriptor.digest);
  });

  it('leaves nothing in its folder when it fails', async () => {
    const { folder, target } = await place();
    await mkdir(join(folder, 'out'));
    await expectCode(() => target.put(ctx, lyingContent('truth', 'fable')), 'DIGEST_MISMATCH');
    const controller = new AbortController();
    await copy(ctx, await sampleImage('a'), target, ['v1']);
    controller.abort();
    await expectCode(async () => target.close?.(createContext({ signal: controller.signal })), 'ABORTED');
    expect(await readdir(join(folder, 'out'))).toEqual([]);
  });

  it('says what is in the way of writing it', async () => {
    const { folder, file, target } = await place();
    await mkdir(file, { recursive: true });
    await copy(ctx, await sampleImage('a'), target, ['v1']);
    const error = await expectCode(async () => target.close?.(ctx), 'OUTPUT_UNWRITABLE');
    expect(error.message).toContain(file);
    expect(await readdir(join(folder, 'out'))).toEqual(['image.tar']);
  });

  it('tells the progress of writing', async () => {
    const { target } = await place();
    await copy(ctx, await sampleImage('a'), target, ['v1']);
    const events: string[] = [];
    const watched = createContext({
      on: (event) => events.push('step' in event ? `${event.type} ${event.step}` : event.type),
    });
    await target.close?.(watched);
    expect(events).toEqual(['start write', 'end']);
  });

  it('is read from a tar of a layout that somebody else made', async () => {
    const file = await archiveOf(await sampleImage('a'), ['v1']);
    const folder = await temporaryFolder();
    await run('tar', ['-xf', file, '-C', folder]);
    const other = `${file}.other`;
    await run('tar', ['--format=pax', '-cf', other, '-C', folder, '.']);
    expect(await ociArchiveSource(other).resolve(ctx, '')).toEqual(await ociArchiveSource(file).resolve(ctx, ''));
  });

  it('is told apart from other tars', async () => {
    const file = join(await temporaryFolder(), 'a.tar');
    await makeTar(file, [{ name: 'manifest.json', content: '[]' }]);
    const error = await expectCode(() => ociArchiveSource(file).resolve(ctx, ''), 'ARCHIVE_INVALID');
    expect(error.hint).toContain('docker-archive:');
    expect(await dockerArchiveSource(file).resolve(ctx, '')).toBeUndefined();
    await expectCode(() => ociArchiveSource(`${file}.none`).resolve(ctx, ''), 'NOT_FOUND');
  });
});
