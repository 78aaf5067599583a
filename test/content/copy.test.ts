import { describe, expect, it } from 'vitest';
import type { Content } from '../../src/content/content.ts';
import { copy, createSender } from '../../src/content/copy.ts';
import { memoryStore } from '../../src/content/memory.ts';
import type { Target } from '../../src/content/store.ts';
import { createContext } from '../../src/core/context.ts';
import type { BuildEvent } from '../../src/core/event.ts';
import { MEDIA } from '../../src/oci/media-type.ts';
import { sampleImage, sampleIndex, sampleLayer, sampleTar, LINUX } from '../contract/sample-image.ts';
import { expectCode } from '../expect-code.ts';

const ctx = createContext();

/** A target that writes down what it is asked, in order. */
function recordingTarget(mountable: (content: Content) => boolean = () => false) {
  const store = memoryStore();
  const asked: string[] = [];
  const told = (verb: string, { descriptor }: Pick<Content, 'descriptor'>) =>
    asked.push(`${verb} ${descriptor.digest}`);
  const target: Target = {
    ...store,
    has: (inner, descriptor) => {
      told('has', { descriptor });
      return store.has(inner, descriptor);
    },
    mount: (_inner, content) => {
      told('mount', content);
      return Promise.resolve(mountable(content));
    },
    put: (inner, content, progress) => {
      told('put', content);
      return store.put(inner, content, progress);
    },
    tag: (inner, content, names) => {
      told(`tag ${names.join(',')}`, content);
      return store.tag(inner, content, names);
    },
  };
  return { store, target, asked };
}

const digestOfContent = (content: Content) => content.descriptor.digest;

describe('copy', () => {
  it('sends blobs, then the images of an index, then the index with its names', async () => {
    const { target, asked } = recordingTarget();
    const index = await sampleIndex('a');
    await copy(ctx, index, target, ['v1', 'latest']);
    const puts = asked.filter((line) => line.startsWith('put')).map((line) => line.slice(4));
    const images = index.images.map(digestOfContent);
    expect(new Set(puts.slice(-2))).toEqual(new Set(images));
    const blobs = index.images.flatMap((image) => [...image.layers, image.configContent]).map(digestOfContent);
    expect(new Set(puts.slice(0, -2))).toEqual(new Set(blobs));
    expect(asked.at(-1)).toBe(`tag v1,latest ${index.descriptor.digest}`);
  });

  it('asks for and sends each digest once, the largest first', async () => {
    const small = sampleLayer(await sampleTar('a', 'small'));
    const large = sampleLayer(await sampleTar('b', Buffer.alloc(10_000)), false);
    const { target, asked } = recordingTarget();
    const image = await sampleImage('a', LINUX, [small, large, small]);
    await copy(ctx, image, { ...target, concurrency: 1 }, ['v1']);
    const puts = asked.filter((line) => line.startsWith('put')).map((line) => line.slice(4));
    expect(puts).toEqual([large, image.configContent, small].map(digestOfContent));
    expect(asked.filter((line) => line === `has ${small.descriptor.digest}`)).toHaveLength(1);
  });

  it('asks whether content is there, then whether it can be mounted, and only then sends it', async () => {
    const image = await sampleImage('a');
    const from = { registry: 'ghcr.io', repository: 'acme/base' };
    const [present, mountable] = image.layers.map((layer) => ({ ...layer, mountFrom: from }));
    const refused = { ...sampleLayer(await sampleTar('c', 'c')), mountFrom: from };
    const plain = sampleLayer(await sampleTar('d', 'd'));
    const { store, target, asked } = recordingTarget(
      (content) => content.descriptor.digest === mountable!.descriptor.digest,
    );
    await store.put(ctx, present!);
    const root = await sampleImage('b', LINUX, [present!, mountable!, refused, plain]);
    const { transfers, uploadedBytes } = await copy(ctx, root, target, ['v1']);
    const stepsOf = ({ descriptor }: Content) => asked.filter((line) => line.endsWith(descriptor.digest)).map((line) => line.split(' ')[0]); // prettier-ignore
    expect([present!, mountable!, refused, plain].map(stepsOf)).toEqual([
      ['has'],
      ['has', 'mount'],
      ['has', 'mount', 'put'],
      ['has', 'put'],
    ]);
    expect([present!, mountable!, refused, plain].map((layer) => transfers.get(layer.descriptor.digest))).toEqual([
      'exists',
      'mounted',
      'uploaded',
      'uploaded',
    ]);
    const sent = [refused, plain, root.configContent, root].reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    expect(uploadedBytes).toBe(sent);
  });

  it('mounts blobs only: a manifest must be put to be known', async () => {
    const index = await sampleIndex('a');
    const mountFrom = { registry: 'ghcr.io', repository: 'acme/base' };
    const images = index.images.map((image) => ({ ...image, mountFrom }));
    const { target, asked } = recordingTarget(() => true);
    await copy(ctx, { ...index, images }, target, ['v1']);
    const mounts = asked.filter((line) => line.startsWith('mount')).map((line) => line.slice(6));
    expect(mounts).toEqual([]);
  });

  it('leaves foreign layers where they are', async () => {
    const layer = sampleLayer(await sampleTar('a', 'x'));
    const mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
    const foreign = { ...layer, descriptor: { ...layer.descriptor, mediaType } };
    const { target, asked } = recordingTarget();
    const { transfers } = await copy(ctx, await sampleImage('a', LINUX, [foreign]), target, ['v1']);
    expect(transfers.get(foreign.descriptor.digest)).toBe('none');
    expect(asked.filter((line) => line.includes(foreign.descriptor.digest))).toEqual([]);
  });

  it('gives no name when a part cannot be sent', async () => {
    const { store, target } = recordingTarget();
    const image = await sampleImage('a');
    const lying = { ...image.layers[0]!, open: image.layers[1]!.open };
    await expectCode(() => copy(ctx, { ...image, layers: [lying, image.layers[1]!] }, target, ['v1']), 'SIZE_MISMATCH');
    expect(store.names.size).toBe(0);
  });

  it('never has more in flight than the target takes', async () => {
    const store = memoryStore();
    let running = 0;
    let most = 0;
    const put: Target['put'] = async (inner, content, progress) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      await store.put(inner, content, progress);
      running--;
    };
    const layers = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map(async (note) => sampleLayer(await sampleTar(note, note))),
    );
    await copy(ctx, await sampleImage('a', LINUX, layers), { ...store, put, concurrency: 2 }, ['v1']);
    expect(most).toBe(2);
  });

  it('tells of every upload, and why one was skipped', async () => {
    const events: BuildEvent[] = [];
    const watched = createContext({ on: (event) => events.push(event) });
    const store = memoryStore();
    const image = await sampleImage('a');
    await copy(watched, image, store, ['v1']);
    await copy(watched, image, store, ['v2']);
    const ends = events
      .filter((event) => event.type === 'end')
      .map(({ outcome, note }) => `${outcome} ${note ?? ''}`.trim());
    expect(ends).toEqual(['done', 'done', 'done', 'skipped exists', 'skipped exists', 'skipped exists']);
    expect(events[0]).toMatchObject({
      type: 'start',
      step: 'upload',
      unit: 'bytes',
      total: image.layers[1]!.descriptor.size,
    });
  });
});

describe('a sender', () => {
  it('does not send again at the end what was sent before', async () => {
    const { target, asked } = recordingTarget();
    const image = await sampleImage('a');
    const { send, finish } = createSender(ctx, target);
    expect(await Promise.all([send(image.layers[0]!), send(image.layers[0]!)])).toEqual(['uploaded', 'uploaded']);
    const { transfers } = await finish(image, ['v1']);
    expect(transfers.size).toBe(4);
    expect(asked.filter((line) => line.endsWith(image.layers[0]!.descriptor.digest))).toHaveLength(2);
    expect(image.descriptor.mediaType).toBe(MEDIA.manifest);
  });
});
