import { describe, expect, it } from 'vitest';
import { contentOf } from '../../src/content/content.ts';
import { copy } from '../../src/content/copy.ts';
import { loadAny, loadImage } from '../../src/content/load.ts';
import type { MemoryStore } from '../../src/content/memory.ts';
import { memoryStore } from '../../src/content/memory.ts';
import { createContext } from '../../src/core/context.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { printIndex, printManifest } from '../../src/oci/manifest.ts';
import { MEDIA } from '../../src/oci/media-type.ts';
import type { Platform } from '../../src/oci/platform.ts';
import { parsePlatform, printPlatform } from '../../src/oci/platform.ts';
import { LINUX, sampleImage, sampleIndex } from '../contract/sample-image.ts';
import { drain, expectCode } from '../expect-code.ts';

const ctx = createContext();

/** Names an index of given entries. */
async function nameIndex(store: MemoryStore, name: string, entries: readonly Descriptor[]): Promise<Descriptor> {
  const index = contentOf(printIndex(entries, {}), MEDIA.index);
  await store.tag(ctx, index, [name]);
  return index.descriptor;
}

async function storeWith(...platforms: readonly string[]) {
  const store = memoryStore('registry.example/app');
  const images = await Promise.all(platforms.map((text) => sampleImage(text, parsePlatform(text))));
  for (const image of images) await copy(ctx, image, store, [printPlatform(image.platform)]);
  return { store, images, entries: images.map((image) => image.descriptor) };
}

const attestation = (of: Descriptor): Descriptor => ({
  ...of,
  platform: { os: 'unknown', architecture: 'unknown' },
  annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
});

describe('loadImage', () => {
  it('reads manifest and config, and leaves the layers closed', async () => {
    const { store, images } = await storeWith('linux/amd64');
    const opened: string[] = [];
    const watched = { ...store, open: (inner: typeof ctx, wanted: Descriptor) => {
      opened.push(wanted.mediaType);
      return store.open(inner, wanted);
    } }; // prettier-ignore
    const image = await loadImage(ctx, watched, 'linux/amd64', LINUX);
    expect(opened).toEqual([MEDIA.manifest, MEDIA.config]);
    expect(image).toMatchObject({ kind: 'image', platform: LINUX, annotations: { note: 'linux/amd64' } });
    expect(image.layers.map(({ diffId }) => diffId)).toEqual(images[0]!.layers.map(({ diffId }) => diffId));
    expect((await drain(image.layers[0]!.open(ctx))).length).toBe(image.layers[0]!.descriptor.size);
  });

  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['linux/arm64', 'linux/arm64'],
    ['linux/amd64/v3', 'linux/amd64/v2'],
    ['linux/arm/v7', 'linux/arm/v6'],
  ])('for %s of an index takes %s', async (want, expected) => {
    const { store, entries } = await storeWith(
      'linux/arm/v6',
      'linux/amd64/v2',
      'linux/arm64',
      'linux/amd64',
      'linux/386',
    );
    await nameIndex(store, 'index', entries);
    const image = await loadImage(ctx, store, 'index', parsePlatform(want));
    expect(printPlatform(image.platform)).toBe(expected);
  });

  it('takes the first of several that fit equally', async () => {
    const store = memoryStore();
    const [first, second] = [await sampleImage('first'), await sampleImage('second')];
    for (const image of [first, second]) await copy(ctx, image, store, ['x']);
    await nameIndex(store, 'index', [first.descriptor, second.descriptor]);
    expect((await loadImage(ctx, store, 'index', LINUX)).descriptor.digest).toBe(first.descriptor.digest);
  });

  it('looks into an index within an index, but not without end', async () => {
    const { store, entries } = await storeWith('linux/amd64');
    const inner = await nameIndex(store, 'inner', entries);
    await nameIndex(store, 'outer', [inner]);
    expect((await loadImage(ctx, store, 'outer', LINUX)).descriptor.digest).toBe(entries[0]!.digest);
    const names = ['outer', 'third', 'fourth', 'fifth'];
    for (const [at, name] of names.slice(1).entries())
      await nameIndex(store, name, [(await store.resolve(ctx, names[at]!))!]);
    await expectCode(() => loadImage(ctx, store, 'fifth', LINUX), 'MANIFEST_INVALID');
  });

  it('lists what exists when the platform does not', async () => {
    const { store, entries } = await storeWith('linux/amd64', 'linux/arm/v7');
    await nameIndex(store, 'index', [...entries, attestation(entries[0]!)]);
    const want: Platform = { os: 'linux', architecture: 's390x' };
    const error = await expectCode(() => loadImage(ctx, store, 'index', want), 'BASE_PLATFORM_MISSING');
    expect(error.message).toContain('linux/s390x');
    expect(error.hint).toContain('linux/amd64, linux/arm/v7');
    expect(error.hint).not.toContain('unknown');
  });

  it('does not take a single image for another platform', async () => {
    const { store } = await storeWith('linux/arm64');
    const error = await expectCode(() => loadImage(ctx, store, 'linux/arm64', LINUX), 'BASE_PLATFORM_MISSING');
    expect(error.hint).toContain('linux/arm64');
  });

  it('believes the config, not the index, about the platform', async () => {
    const { store, entries } = await storeWith('linux/arm64');
    await nameIndex(store, 'index', [{ ...entries[0]!, platform: LINUX }]);
    await expectCode(() => loadImage(ctx, store, 'index', LINUX), 'BASE_PLATFORM_MISSING');
  });

  it('says that a name does not exist', async () => {
    const { store } = await storeWith('linux/amd64');
    const error = await expectCode(() => loadImage(ctx, store, 'other', LINUX), 'NOT_FOUND');
    expect(error.message).toContain('registry.example/app');
  });

  it('refuses a config that names more or fewer layers than the manifest', async () => {
    const { store, images } = await storeWith('linux/amd64');
    const { configContent, layers } = images[0]!;
    const manifest = printManifest(configContent.descriptor, [layers[0]!.descriptor], {});
    await store.tag(ctx, contentOf(manifest, MEDIA.manifest), ['short']);
    const error = await expectCode(() => loadImage(ctx, store, 'short', LINUX), 'MANIFEST_INVALID');
    expect(error.message).toMatch(/2 diff IDs for 1 layers/);
  });

  it('refuses a manifest under the type of an index, and the other way round', async () => {
    const { store, images } = await storeWith('linux/amd64');
    const bytes = await drain(images[0]!.open(ctx));
    await store.tag(ctx, contentOf(bytes, MEDIA.index), ['lie']);
    await expectCode(() => loadImage(ctx, store, 'lie', LINUX), 'MANIFEST_INVALID');
    await store.tag(ctx, contentOf(printIndex([], {}), MEDIA.manifest), ['lie']);
    await expectCode(() => loadImage(ctx, store, 'lie', LINUX), 'MANIFEST_INVALID');
  });
});

describe('loadAny', () => {
  it('loads an index with all its images, in order, without attestations', async () => {
    const { store, entries } = await storeWith('linux/arm64', 'linux/amd64');
    const descriptor = await nameIndex(store, 'index', [entries[0]!, attestation(entries[1]!), entries[1]!]);
    const index = await loadAny(ctx, store, 'index');
    expect(index.descriptor.digest).toBe(descriptor.digest);
    expect(index.kind === 'index' && index.images.map((image) => image.descriptor.digest)).toEqual(
      entries.map(({ digest }) => digest),
    );
  });

  it('loads a single image of any platform', async () => {
    const { store } = await storeWith('linux/arm64');
    expect(await loadAny(ctx, store, 'linux/arm64')).toMatchObject({
      kind: 'image',
      platform: { architecture: 'arm64' },
    });
  });

  it('gives back what was copied, from one store to the next', async () => {
    const [first, second] = [memoryStore('first'), memoryStore('second')];
    await copy(ctx, await sampleIndex('a'), first, ['v1']);
    await copy(ctx, await loadAny(ctx, first, 'v1'), second, ['v1']);
    expect([...second.blobs.keys()].sort()).toEqual([...first.blobs.keys()].sort());
  });

  it('copies an index whole, with what is not an image', async () => {
    const [first, second] = [memoryStore('first'), memoryStore('second')];
    const image = await sampleImage('a');
    const note = await sampleImage('provenance', { os: 'unknown', architecture: 'unknown' });
    for (const one of [image, note]) await copy(ctx, one, first, ['x']);
    await nameIndex(first, 'index', [image.descriptor, attestation(note.descriptor)]);
    await copy(ctx, await loadAny(ctx, first, 'index'), second, ['index']);
    expect(second.blobs.has(note.descriptor.digest)).toBe(true);
  });
});
