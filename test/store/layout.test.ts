import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copy } from '../../src/content/copy.ts';
import { loadImage, resolveOrThrow } from '../../src/content/load.ts';
import { createContext } from '../../src/core/context.ts';
import { digestOf, hexOf } from '../../src/core/digest.ts';
import { MEDIA } from '../../src/oci/media-type.ts';
import { layoutStore } from '../../src/store/layout.ts';
import { LINUX, lyingContent, sampleImage, sampleIndex } from '../contract/sample-image.ts';
import { drain, expectCode } from '../expect-code.ts';
import { createNames, temporaryFolder } from './temporary-folder.ts';

const ctx = createContext();
const random = createNames();

async function emptyLayout() {
  const folder = join(await temporaryFolder(), 'out');
  return { folder, store: layoutStore(folder, { random }) };
}

async function layoutWith(...names: readonly string[]) {
  const { folder, store } = await emptyLayout();
  const image = await sampleImage('a');
  await copy(ctx, image, store, names);
  return { folder, store, image };
}

const readIndex = async (folder: string) =>
  JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as {
    manifests: { annotations?: Record<string, string> }[];
  };

describe('a layout', () => {
  it('has the files that image-layout.md asks for, and no others', async () => {
    const { folder, image } = await layoutWith('v1');
    const found = await readdir(folder, { recursive: true });
    const blobs = [image, image.configContent, ...image.layers].map(({ descriptor }) => hexOf(descriptor.digest));
    const expected = [
      'blobs',
      'blobs/sha256',
      'index.json',
      'oci-layout',
      ...blobs.map((hex) => `blobs/sha256/${hex}`),
    ];
    expect(found.sort()).toEqual(expected.sort());
    expect(await readFile(join(folder, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
    const { mediaType, digest, size } = image.descriptor;
    expect(await readIndex(folder)).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA.index,
      manifests: [{ mediaType, digest, size, annotations: { 'org.opencontainers.image.ref.name': 'v1' } }],
    });
  });

  it('keeps entries and members of index.json that others wrote, and replaces its own', async () => {
    const { folder, store } = await emptyLayout();
    await mkdir(folder);
    await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.1.0"}');
    const foreign = [
      { mediaType: 'application/x-other', digest: `sha512:${'0'.repeat(128)}`, size: 3, own: { a: 1 } },
      {
        mediaType: MEDIA.manifest,
        digest: digestOf('kept'),
        size: 4,
        annotations: { 'org.opencontainers.image.ref.name': 'kept' },
      },
      { mediaType: MEDIA.manifest, digest: digestOf('sig'), size: 4, artifactType: 'application/x-signature' },
    ];
    const old = {
      mediaType: MEDIA.manifest,
      digest: digestOf('old'),
      size: 4,
      annotations: { 'org.opencontainers.image.ref.name': 'v1' },
    };
    await writeFile(
      join(folder, 'index.json'),
      JSON.stringify({
        schemaVersion: 2,
        annotations: { by: 'other' },
        manifests: [foreign[0], old, foreign[1], foreign[2], old],
      }),
    );
    const image = await sampleImage('a');
    await copy(ctx, image, store, ['v2', 'v1']);
    const { mediaType, digest, size } = image.descriptor;
    const own = (name: string) => ({
      mediaType,
      digest,
      size,
      annotations: { 'org.opencontainers.image.ref.name': name },
    });
    expect(await readIndex(folder)).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA.index,
      annotations: { by: 'other' },
      manifests: [...foreign, own('v1'), own('v2')],
    });
  });

  it('lists an image without a name once, in the place of the one before', async () => {
    const { store } = await emptyLayout();
    await copy(ctx, await sampleImage('a'), store, []);
    const second = await sampleImage('b');
    await copy(ctx, second, store, []);
    expect((await store.resolve(ctx, ''))?.digest).toBe(second.descriptor.digest);
  });

  it('takes no name to mean the only image, and lists the names when there are several', async () => {
    const { store, image } = await layoutWith('v1', 'v2');
    expect((await store.resolve(ctx, ''))?.digest).toBe(image.descriptor.digest);
    await copy(ctx, await sampleImage('b'), store, ['v3']);
    const error = await expectCode(() => store.resolve(ctx, ''), 'NOT_FOUND');
    expect(error.hint).toContain('v1, v2, v3');
  });

  it('finds the full names that other tools write', async () => {
    const { folder, store, image } = await layoutWith('docker.io/library/alpine:latest');
    const index = await readIndex(folder);
    const entry = { ...index.manifests[0], annotations: { 'io.containerd.image.name': 'ghcr.io/me/app:1' } };
    await writeFile(join(folder, 'index.json'), JSON.stringify({ ...index, manifests: [...index.manifests, entry] }));
    for (const name of ['alpine', 'docker.io/library/alpine:latest', 'ghcr.io/me/app:1'])
      expect((await store.resolve(ctx, name))?.digest).toBe(image.descriptor.digest);
    await expectCode(() => resolveOrThrow(ctx, store, 'alpine:3'), 'NOT_FOUND');
  });

  it('can be written by many at the same time', async () => {
    const { folder } = await emptyLayout();
    const images = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((note) => sampleImage(note)));
    await Promise.all(images.map((image, at) => copy(ctx, image, layoutStore(folder, { random }), [`v${at}`])));
    const { manifests } = await readIndex(folder);
    const names = manifests.map((entry) => entry.annotations?.['org.opencontainers.image.ref.name']);
    expect(new Set(names)).toEqual(new Set(['v0', 'v1', 'v2', 'v3', 'v4']));
    expect((await readdir(folder)).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it('leaves nothing behind of bytes that were refused or interrupted', async () => {
    const { folder, store, image } = await layoutWith('v1');
    const before = await readdir(folder, { recursive: true });
    await expectCode(() => store.put(ctx, lyingContent('truth', 'fable')), 'DIGEST_MISMATCH');
    const controller = new AbortController();
    const stopped = createContext({ signal: controller.signal });
    const { descriptor } = image.layers[1]!;
    const slow = {
      descriptor: { ...descriptor, digest: digestOf('slow') },
      async *open() {
        yield Buffer.alloc(10);
        controller.abort();
        yield Buffer.alloc(10);
      },
    };
    await expectCode(() => store.put(stopped, slow), 'ABORTED');
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });

  it('notices damaged blobs while reading them', async () => {
    const { folder, store, image } = await layoutWith('v1');
    const { descriptor } = image.layers[0]!;
    const file = join(folder, 'blobs/sha256', hexOf(descriptor.digest));
    const bytes = await readFile(file);
    bytes[20]! ^= 1;
    await writeFile(file, bytes);
    await expectCode(() => drain(store.open(ctx, descriptor)), 'DIGEST_MISMATCH');
    await writeFile(file, bytes.subarray(1));
    await expectCode(() => drain(store.open(ctx, descriptor)), 'SIZE_MISMATCH');
    expect(await store.has(ctx, descriptor)).toBe(false);
    await store.put(ctx, image.layers[0]!);
    expect(digestOf(await drain(store.open(ctx, descriptor)))).toBe(descriptor.digest);
  });

  it('may be thin: what is missing is found out when it is read', async () => {
    const { folder, store, image } = await layoutWith('v1');
    const { descriptor } = image.layers[0]!;
    await rm(join(folder, 'blobs/sha256', hexOf(descriptor.digest)));
    const found = await loadImage(ctx, store, 'v1', LINUX);
    await expectCode(() => drain(found.layers[0]!.open(ctx)), 'NOT_FOUND');
  });

  it('tells what a manifest is that only an index names', async () => {
    const { store } = await emptyLayout();
    const index = await sampleIndex('a');
    await copy(ctx, index, store, ['v1']);
    const [image] = index.images;
    expect(await store.resolve(ctx, image!.descriptor.digest)).toMatchObject({ mediaType: MEDIA.manifest });
    expect(await store.resolve(ctx, image!.layers[0]!.descriptor.digest)).toBeUndefined();
  });

  it('writes files of mode 0644 and folders of mode 0755, less the umask', async () => {
    const { folder, image } = await layoutWith('v1');
    const umask = process.umask();
    const modeOf = async (path: string) => (await stat(join(folder, path))).mode & 0o777;
    const blob = `blobs/sha256/${hexOf(image.descriptor.digest)}`;
    for (const path of ['index.json', 'oci-layout', blob]) expect(await modeOf(path)).toBe(0o644 & ~umask);
    expect(await modeOf('blobs/sha256')).toBe(0o755 & ~umask);
  });
});

describe('a folder that is no layout', () => {
  it('is not found when it does not exist', async () => {
    const { store } = await emptyLayout();
    await expectCode(() => resolveOrThrow(ctx, store, 'v1'), 'NOT_FOUND');
  });

  it.each([
    ['has no oci-layout', async (folder: string) => rm(join(folder, 'oci-layout'))],
    ['has another version', async (folder: string) => writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}')], // prettier-ignore
    ['has a broken oci-layout', async (folder: string) => writeFile(join(folder, 'oci-layout'), '')],
    ['has a broken index.json', async (folder: string) => writeFile(join(folder, 'index.json'), '{"manifests":{}}')],
    ['has a folder for index.json', async (folder: string) => {
      await rm(join(folder, 'index.json'));
      await symlink('blobs', join(folder, 'index.json'));
    }], // prettier-ignore
  ])('is refused when it %s', async (_what, damage) => {
    const { folder, store } = await layoutWith('v1');
    await damage(folder);
    await expectCode(() => store.resolve(ctx, 'v1'), 'ARCHIVE_INVALID');
  });

  it('is not written to when it has other files', async () => {
    const { folder, store } = await emptyLayout();
    await mkdir(folder);
    await writeFile(join(folder, 'precious.txt'), 'mine');
    const image = await sampleImage('a');
    const error = await expectCode(() => copy(ctx, image, store, ['v1']), 'OUTPUT_UNWRITABLE');
    expect(error.message).toContain('precious.txt');
    expect(await readdir(folder)).toEqual(['precious.txt']);
  });

  it('is not written to when a file is in the way', async () => {
    const folder = join(await temporaryFolder(), 'file');
    await writeFile(folder, '');
    const image = await sampleImage('a');
    for (const path of [folder, join(folder, 'below')])
      await expectCode(() => copy(ctx, image, layoutStore(path, { random }), ['v1']), 'OUTPUT_UNWRITABLE');
  });
});
