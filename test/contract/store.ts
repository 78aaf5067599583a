// What every store promises, as one suite: each maker of a store runs it against its own.
import { describe, expect, it } from 'vitest';
import type { Content } from '../../src/content/content.ts';
import { contentOf } from '../../src/content/content.ts';
import { copy } from '../../src/content/copy.ts';
import { loadAny, loadImage } from '../../src/content/load.ts';
import type { Source, Store, Target } from '../../src/content/store.ts';
import { createContext } from '../../src/core/context.ts';
import { digestOf, verified } from '../../src/core/digest.ts';
import { MEDIA } from '../../src/oci/media-type.ts';
import { drain, expectCode } from '../expect-code.ts';
import { LINUX, lyingContent, sampleImage, sampleIndex } from './sample-image.ts';

/** A fresh, empty place. */
export interface StoreUnderTest {
  readonly target: Target;
  /** A view of what was written, opened anew; archives are closed by then. */
  readonly source: () => Source;
}

/** A store that is written and read through one object. */
export function bothWays(store: Store): StoreUnderTest {
  return { target: store, source: () => store };
}

export interface StoreAbilities {
  /** Two names that the place accepts. */
  readonly names: readonly [string, string];
  /** Holds indexes, and several images. */
  readonly many: boolean;
  /** What was written can be read at once, without `close`. */
  readonly open: boolean;
}

const ctx = createContext();

export function storeContract(kind: string, make: () => Promise<StoreUnderTest>, abilities: StoreAbilities): void {
  const { names, many, open } = abilities;
  const [one, other] = names;
  const finish = async ({ target, source }: StoreUnderTest): Promise<Source> => {
    await target.close?.(ctx);
    return source();
  };

  describe(`${kind} as a store`, () => {
    it('gives back an image byte for byte', async () => {
      const place = await make();
      const image = await sampleImage('a');
      const report = await copy(ctx, image, place.target, [one]);
      const found = await loadImage(ctx, await finish(place), one, LINUX);
      expect(found.descriptor.digest).toBe(image.descriptor.digest);
      expect(found.layers.map((layer) => layer.diffId)).toEqual(image.layers.map((layer) => layer.diffId));
      for (const [index, layer] of image.layers.entries())
        expect(digestOf(await drain(found.layers[index]!.open(ctx)))).toBe(layer.descriptor.digest);
      expect(await drain(found.configContent.open(ctx))).toEqual(await drain(image.configContent.open(ctx)));
      expect([...report.transfers.values()]).toEqual(['uploaded', 'uploaded', 'uploaded', 'uploaded']);
    });

    it('opens content again from its start, also after a reader left early', async () => {
      const place = await make();
      const image = await sampleImage('a');
      await copy(ctx, image, place.target, [one]);
      const source = await finish(place);
      const layer = image.layers[1]!;
      for await (const chunk of source.open(ctx, layer.descriptor)) if (chunk.length > 0) break;
      const twice = await Promise.all([1, 2].map(() => drain(source.open(ctx, layer.descriptor))));
      expect(twice.map(digestOf)).toEqual([layer.descriptor.digest, layer.descriptor.digest]);
    });

    it('resolves names and digests, and answers undefined to others', async () => {
      const place = await make();
      const image = await sampleImage('a');
      await copy(ctx, image, place.target, [one, other]);
      const source = await finish(place);
      const { mediaType, digest, size } = image.descriptor;
      for (const name of [one, other, digest])
        expect(await source.resolve(ctx, name)).toMatchObject({ mediaType, digest, size });
      expect(await source.resolve(ctx, `${one}-not`)).toBeUndefined();
      expect(await source.resolve(ctx, digestOf('absent'))).toBeUndefined();
    });

    it('says what it has', async () => {
      const { target } = await make();
      const content = contentOf(Buffer.from('some bytes'), MEDIA.layerTar);
      expect(await target.has(ctx, content.descriptor)).toBe(false);
      await target.put(ctx, content);
      expect(await target.has(ctx, content.descriptor)).toBe(true);
    });

    it('reports progress up to the size', async () => {
      const { target } = await make();
      const image = await sampleImage('a');
      const content = image.layers[1]!;
      const seen: number[] = [];
      await target.put(ctx, content, (done) => seen.push(done));
      // A place that takes everything at once need not report.
      expect(seen.at(-1) ?? content.descriptor.size).toBe(content.descriptor.size);
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
    });

    it('takes the same content twice at the same time', async () => {
      const place = await make();
      const image = await sampleImage('a');
      await Promise.all([1, 2, 3].map(() => place.target.put(ctx, image.layers[1]!)));
      await copy(ctx, image, place.target, [one]);
      const found = await drain((await finish(place)).open(ctx, image.layers[1]!.descriptor));
      expect(digestOf(found)).toBe(image.layers[1]!.descriptor.digest);
    });

    it('refuses bytes that are not what they claim, and keeps nothing of them', async () => {
      const { target } = await make();
      // Openers verify (see Content), so a store may rely on them; it must not take what broke off for whole.
      const lie = (actual: string): Content => {
        const { descriptor, open } = lyingContent('truth', actual);
        return { descriptor, open: (inner) => verified(open(inner), descriptor, 'a lie') };
      };
      const wrong = lie('fable');
      await expectCode(() => target.put(ctx, wrong), 'DIGEST_MISMATCH');
      await expectCode(() => target.put(ctx, lie('a longer fable')), 'SIZE_MISMATCH');
      await expectCode(() => target.put(ctx, lie('lie')), 'SIZE_MISMATCH');
      expect(await target.has(ctx, wrong.descriptor)).toBe(false);
      await target.put(ctx, contentOf(Buffer.from('truth'), MEDIA.layerTar));
      expect(await target.has(ctx, wrong.descriptor)).toBe(true);
    });

    it('throws NOT_FOUND while reading what it does not have', async () => {
      const place = await make();
      await copy(ctx, await sampleImage('a'), place.target, [one]);
      const source = await finish(place);
      const { descriptor } = contentOf(Buffer.from('absent'), MEDIA.layerTar);
      await expectCode(() => drain(source.open(ctx, descriptor)), 'NOT_FOUND');
    });

    if (many)
      it('gives back an index with all its images, and each of them by digest', async () => {
        const place = await make();
        const index = await sampleIndex('a');
        await copy(ctx, index, place.target, [one]);
        const source = await finish(place);
        const found = await loadAny(ctx, source, one);
        expect(found.descriptor.digest).toBe(index.descriptor.digest);
        expect(found.kind === 'index' && found.images.map((image) => image.platform.architecture)).toEqual([
          'amd64',
          'arm64',
        ]);
        const child = index.images[1]!;
        expect(await source.resolve(ctx, child.descriptor.digest)).toMatchObject({ mediaType: MEDIA.manifest });
      });

    if (many)
      it('moves a name to another image, and leaves the other name where it was', async () => {
        const place = await make();
        const [first, second] = [await sampleImage('a'), await sampleImage('b')];
        await copy(ctx, first, place.target, [one, other]);
        await copy(ctx, second, place.target, [one]);
        const source = await finish(place);
        expect((await source.resolve(ctx, one))?.digest).toBe(second.descriptor.digest);
        expect((await source.resolve(ctx, other))?.digest).toBe(first.descriptor.digest);
      });

    if (open)
      it('sends nothing that is there already', async () => {
        const place = await make();
        await copy(ctx, await sampleImage('a'), place.target, [one]);
        const again = await sampleImage('a');
        const { transfers } = await copy(ctx, again, place.target, [other]);
        expect(again.layers.map((layer) => transfers.get(layer.descriptor.digest))).toEqual(['exists', 'exists']);
      });

    if (open)
      it('resolves nothing while it is empty', async () => {
        expect(await (await make()).source().resolve(ctx, one)).toBeUndefined();
      });
  });
}
