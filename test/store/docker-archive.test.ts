import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { contentOf } from '../../src/content/content.ts';
import { copy } from '../../src/content/copy.ts';
import { loadAny, loadImage } from '../../src/content/load.ts';
import { createContext } from '../../src/core/context.ts';
import { digestOf } from '../../src/core/digest.ts';
import { MEDIA } from '../../src/oci/media-type.ts';
import { dockerArchiveSource, dockerArchiveTarget } from '../../src/store/docker-archive.ts';
import { ociArchiveSource } from '../../src/store/archive.ts';
import { LINUX, sampleImage, sampleIndex, sampleLayer, sampleTar } from '../contract/sample-image.ts';
import { drain, expectCode } from '../expect-code.ts';
import type { Member } from './make-tar.ts';
import { makeTar } from './make-tar.ts';
import { createNames, temporaryFolder } from './temporary-folder.ts';

const ctx = createContext();
const random = createNames();

async function place() {
  const folder = await temporaryFolder();
  const file = join(folder, 'image.tar');
  return { file, target: dockerArchiveTarget(file, { random, scratch: join(folder, 'scratch') }) };
}

const readMember = async (file: string, path: string): Promise<unknown> => {
  const { stdout } = await promisify(execFile)('tar', ['-xOf', file, path]);
  return JSON.parse(stdout);
};

describe('a docker-archive that we write', () => {
  it('serves readers of the old form and of the new', async () => {
    const { file, target } = await place();
    const image = await sampleImage('a');
    await copy(ctx, image, target, ['acme/app:2', 'acme/app:1']);
    await target.close?.(ctx);
    const path = (digest: string) => `blobs/sha256/${digest.slice(7)}`;
    expect(await readMember(file, 'manifest.json')).toEqual([
      {
        Config: path(image.configContent.descriptor.digest),
        RepoTags: ['docker.io/acme/app:1', 'docker.io/acme/app:2'],
        Layers: image.layers.map((layer) => path(layer.descriptor.digest)),
      },
    ]);
    const found = await loadAny(ctx, ociArchiveSource(file), 'acme/app:2');
    expect(found.descriptor.digest).toBe(image.descriptor.digest);
    expect(await readMember(file, 'index.json')).toMatchObject({
      manifests: [1, 2].map((tag) => ({ annotations: { 'io.containerd.image.name': `docker.io/acme/app:${tag}` } })),
    });
  });

  it('refuses an index, and a second image', async () => {
    const { target } = await place();
    const error = await expectCode(async () => copy(ctx, await sampleIndex('a'), target, ['app:1']), 'NOT_SUPPORTED');
    expect(error.hint).toContain('--platform');
    await copy(ctx, await sampleImage('a'), target, ['app:1']);
    await expectCode(async () => copy(ctx, await sampleImage('b'), target, ['app:2']), 'NOT_SUPPORTED');
  });

  it('refuses names that docker load would misunderstand', async () => {
    const { target } = await place();
    const image = await sampleImage('a');
    for (const name of ['latest', `app@${digestOf('x')}`, 'Not A Name:1'])
      await expectCode(() => copy(ctx, image, target, [name]), 'REFERENCE_INVALID');
  });

  it('refuses foreign layers, whose bytes it would lack', async () => {
    const { target } = await place();
    const layer = sampleLayer(await sampleTar('a', 'x'));
    const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
    const foreign = { ...layer, descriptor: { ...layer.descriptor, mediaType } };
    await copy(ctx, await sampleImage('a', LINUX, [foreign]), target, ['app:1']);
    await expectCode(async () => target.close?.(ctx), 'NOT_SUPPORTED');
  });
});

/** What docker save wrote before version 25. */
async function savedTar(layers: readonly Buffer[], files: readonly Buffer[] = layers, more: readonly Member[] = []) {
  const file = join(await temporaryFolder(), 'saved.tar');
  const diffIds = layers.map((layer) => digestOf(layer));
  const config = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: diffIds } });
  const name = `${digestOf(config).slice(7)}.json`;
  const paths = files.map((_, at) => `${'0123456789'[at]}abc/layer.tar`);
  const saved = { Config: name, RepoTags: ['acme/app:1', '<none>:<none>'], Layers: paths };
  await makeTar(file, [
    ...files.flatMap((content, at) => [{ name: `${'0123456789'[at]}abc/VERSION`, content: '1.0' }, { name: paths[at]!, content }]), // prettier-ignore
    { name, content: config },
    { name: 'manifest.json', content: JSON.stringify([saved]) },
    { name: 'repositories', content: '{}' },
    ...more,
  ]);
  return { file, config, diffIds, saved };
}

describe('a docker-archive of the old form', () => {
  it('becomes an OCI image whose uncompressed layers are named by their diff IDs', async () => {
    const layers = [await sampleTar('a', 'one'), await sampleTar('b', Buffer.alloc(100_000, 'two'))];
    const { file, config, diffIds } = await savedTar(layers);
    const source = dockerArchiveSource(file);
    const image = await loadImage(ctx, source, 'acme/app:1', LINUX);
    expect(image.descriptor.mediaType).toBe(MEDIA.manifest);
    expect(image.configContent.descriptor).toMatchObject({ mediaType: MEDIA.config, digest: digestOf(config) });
    expect(image.layers.map(({ descriptor }) => descriptor)).toMatchObject(
      layers.map((layer, at) => ({ mediaType: MEDIA.layerTar, digest: diffIds[at], size: layer.length })),
    );
    for (const [at, layer] of image.layers.entries()) expect(digestOf(await drain(layer.open(ctx)))).toBe(diffIds[at]);
    expect(await source.resolve(ctx, '')).toEqual(await source.resolve(ctx, image.descriptor.digest));
    expect(await source.resolve(ctx, 'acme/other')).toBeUndefined();
  });

  it('has its compressed layers read once for their digests', async () => {
    const layers = [await sampleTar('a', 'one'), await sampleTar('b', 'two')];
    const files = [gzipSync(layers[0]!), zstdCompressSync(layers[1]!)];
    const { file, diffIds } = await savedTar(layers, files);
    const image = await loadImage(ctx, dockerArchiveSource(file), '', LINUX);
    expect(image.layers.map((layer) => layer.diffId)).toEqual(diffIds);
    expect(image.layers.map(({ descriptor }) => [descriptor.mediaType, descriptor.digest])).toEqual([
      [MEDIA.layerGzip, digestOf(files[0]!)],
      [MEDIA.layerZstd, digestOf(files[1]!)],
    ]);
  });

  it('can be opened by digest alone', async () => {
    const layer = await sampleTar('a', 'one');
    const { file } = await savedTar([layer]);
    const { descriptor } = contentOf(layer, MEDIA.layerTar);
    expect(digestOf(await drain(dockerArchiveSource(file).open(ctx, descriptor)))).toBe(descriptor.digest);
  });

  it('may have a layer twice, the second time as a link to the first', async () => {
    const layer = await sampleTar('a', 'one');
    const { saved, config } = await savedTar([layer, layer]);
    const file = join(await temporaryFolder(), 'linked.tar');
    await makeTar(file, [
      { name: saved.Layers[0]!, content: layer },
      { name: saved.Layers[1]!, type: 'symlink', linkname: `../${saved.Layers[0]}` },
      { name: saved.Config, content: config },
      { name: 'manifest.json', content: JSON.stringify([saved]) },
    ]);
    const image = await loadImage(ctx, dockerArchiveSource(file), '', LINUX);
    expect(image.layers.map(({ descriptor }) => descriptor.digest)).toEqual([digestOf(layer), digestOf(layer)]);
  });

  it('is copied to another place like any image', async () => {
    const { file } = await savedTar([await sampleTar('a', 'one')]);
    const image = await loadAny(ctx, dockerArchiveSource(file), '');
    const other = await place();
    await copy(ctx, image, other.target, ['app:1']);
    await other.target.close?.(ctx);
    expect((await loadAny(ctx, dockerArchiveSource(other.file), 'app:1')).descriptor).toEqual(image.descriptor);
  });

  it('wants a name when it holds several images', async () => {
    const { file, saved } = await savedTar([await sampleTar('a', 'one')]);
    const two = [saved, { ...saved, RepoTags: ['acme/two:1'] }];
    await makeTar(file, [{ name: 'manifest.json', content: JSON.stringify(two) }]);
    const error = await expectCode(() => dockerArchiveSource(file).resolve(ctx, ''), 'NOT_FOUND');
    expect(error.hint).toContain('acme/app:1, acme/two:1');
  });

  it('is refused when its bytes, layers or config are not what they should be', async () => {
    const layer = await sampleTar('a', 'one');
    const lying = await savedTar([layer], [await sampleTar('a', 'two')]);
    const image = await loadImage(ctx, dockerArchiveSource(lying.file), '', LINUX);
    await expectCode(() => drain(image.layers[0]!.open(ctx)), 'DIGEST_MISMATCH');
    const { config, saved } = lying;
    const broken: readonly [string, Member[]][] = [
      ['no manifest', [{ name: 'repositories', content: '{}' }]],
      ['a broken manifest', [{ name: 'manifest.json', content: '[{"Config":1}]' }]],
      ['no config', [{ name: 'manifest.json', content: JSON.stringify([saved]) }]],
      ['no layer', [{ name: 'manifest.json', content: JSON.stringify([saved]) }, { name: saved.Config, content: config }]], // prettier-ignore
      ['a layer too few', [{ name: 'manifest.json', content: JSON.stringify([{ ...saved, Layers: null }]) }, { name: saved.Config, content: config }]], // prettier-ignore
      ['a path out of it', [{ name: 'manifest.json', content: JSON.stringify([{ ...saved, Config: '../../etc/passwd' }]) }]], // prettier-ignore
    ];
    for (const [, members] of broken) {
      const file = join(await temporaryFolder(), 'broken.tar');
      await makeTar(file, members);
      await expectCode(() => dockerArchiveSource(file).resolve(ctx, ''), 'ARCHIVE_INVALID');
    }
  });
});
