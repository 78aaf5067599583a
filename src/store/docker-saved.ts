// Reads the older form of `docker save`, which podman, skopeo and build tools still write: it has no descriptors, so they are made here.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { z } from 'zod';
import type { Context } from '../core/context.ts';
import { throwIfAborted } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { isDigest, readAll, verified } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { Once } from '../core/once.ts';
import type { Content } from '../content/content.ts';
import { contentOf } from '../content/content.ts';
import type { Source } from '../content/store.ts';
import { parseConfig } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { CONFIG_LIMIT_BYTES, printManifest } from '../oci/manifest.ts';
import { MEDIA } from '../oci/media-type.ts';
import type { Files } from './files.ts';
import { fullName, readDocument, severalImages } from './layout-index.ts';

const path = z.string().transform((text) => posix.normalize(text));
const savedSchema = z.array(
  z.object({ Config: path, RepoTags: z.array(z.string()).default([]), Layers: z.array(path).default([]) }),
);

/** One image of `manifest.json`. */
type Saved = z.output<typeof savedSchema>[number];

/** @param name for messages, as the user would write it: `docker-archive:./image.tar` */
export function savedSource(name: string, files: Files): Source {
  const parts = new Map<Digest, Content>();
  const converting = new Once<string, Descriptor>();
  const convert = (ctx: Context, saved: Saved) =>
    converting.run(saved.Config, async () => {
      const contents = await convertImage(ctx, name, files, saved);
      for (const content of contents) parts.set(content.descriptor.digest, content);
      return contents[0].descriptor;
    });
  const find = async (ctx: Context, digest: Digest): Promise<Content | undefined> => {
    if (!parts.has(digest)) for (const saved of await readSaved(name, files)) await convert(ctx, saved);
    return parts.get(digest);
  };
  return {
    name,
    resolve: async (ctx, wanted) => {
      if (isDigest(wanted)) return (await find(ctx, wanted))?.descriptor;
      const saved = choose(await readSaved(name, files), wanted, name);
      return saved && convert(ctx, saved);
    },
    open: async function* (ctx, { digest }) {
      const content = await find(ctx, digest);
      if (!content) throw new ImageSpecError('NOT_FOUND', `There is no content ${digest} in ${name}`);
      yield* content.open(ctx);
    },
  };
}

async function readSaved(name: string, files: Files): Promise<readonly Saved[]> {
  const saved = await readDocument(name, files, 'manifest.json', savedSchema);
  if (saved) return saved;
  throw new ImageSpecError('ARCHIVE_INVALID', `${name} is no archive of docker save: it has no manifest.json`, {
    hint: 'Write oci-archive:FILE for a tar of an OCI image layout.',
  });
}

/** Names are compared as references, and the empty one means the only image there is. */
function choose(images: readonly Saved[], wanted: string, name: string): Saved | undefined {
  if (wanted === '' && images.length > 1) {
    throw severalImages(
      name,
      images.map((image) => image.RepoTags[0] ?? image.Config),
    );
  }
  if (wanted === '') return images[0];
  const reference = fullName(wanted);
  return images.find((image) => reference && image.RepoTags.some((tag) => fullName(tag) === reference));
}

/** The image as OCI contents: its manifest, then config and layers. Their bytes stay in the archive. */
async function convertImage(ctx: Context, name: string, files: Files, saved: Saved): Promise<[Content, ...Content[]]> {
  await sizeIn(name, files, saved.Config);
  const bytes = await readAll(files.open(saved.Config), CONFIG_LIMIT_BYTES, `config of ${name}`);
  const diffIds = parseConfig(bytes, `config of ${name}`).rootfs.diff_ids;
  const { length } = saved.Layers;
  if (diffIds.length !== length)
    throw new ImageSpecError('ARCHIVE_INVALID', `${name} has ${length} layers, but its config names ${diffIds.length}`);
  const config = contentOf(bytes, MEDIA.config);
  const layers: Content[] = [];
  for (const [index, path] of saved.Layers.entries())
    layers.push(await convertLayer(ctx, name, files, path, diffIds[index]!));
  const manifest = printManifest(
    config.descriptor,
    layers.map((layer) => layer.descriptor),
    {},
  );
  return [contentOf(manifest, MEDIA.manifest), config, ...layers];
}

/** First bytes of compressed layers (RFC 1952, RFC 8878). */
const COMPRESSED: readonly { readonly magic: string; readonly mediaType: string }[] = [
  { magic: '1f8b', mediaType: MEDIA.layerGzip },
  { magic: '28b52ffd', mediaType: MEDIA.layerZstd },
];

/** An uncompressed layer is named by its diff ID already; only a compressed one must be read once for its digest. */
async function convertLayer(ctx: Context, name: string, files: Files, path: string, diffId: Digest): Promise<Content> {
  const size = await sizeIn(name, files, path);
  const start = await firstBytes(files.open(path));
  const mediaType = COMPRESSED.find(({ magic }) => start.startsWith(magic))?.mediaType;
  const digest = mediaType ? await digestOfFile(ctx, files.open(path)) : diffId;
  const descriptor = { mediaType: mediaType ?? MEDIA.layerTar, digest, size };
  return { descriptor, open: () => verified(files.open(path), descriptor, `layer ${path} of ${name}`) };
}

async function firstBytes(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  for await (const chunk of bytes) return Buffer.from(chunk.subarray(0, 4)).toString('hex');
  return '';
}

async function digestOfFile(ctx: Context, bytes: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) {
    throwIfAborted(ctx);
    hash.update(chunk);
  }
  return `sha256:${hash.digest('hex')}`;
}

async function sizeIn(name: string, files: Files, path: string): Promise<number> {
  const size = await files.size(path);
  if (size !== undefined) return size;
  throw new ImageSpecError('ARCHIVE_INVALID', `${name} has no file "${path}", which its manifest.json names`, {
    hint: 'Make the archive again.',
  });
}
