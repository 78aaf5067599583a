// A name in a source becomes an Image or an Index whose parts open from that source: manifests and configs are read, layers are not.
import type { Context } from '../core/context.ts';
import { readAll } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { parseConfig } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Manifest } from '../oci/manifest.ts';
import { CONFIG_LIMIT_BYTES, MANIFEST_LIMIT_BYTES, parseManifest } from '../oci/manifest.ts';
import { isIndexType, isManifestType } from '../oci/media-type.ts';
import type { Platform } from '../oci/platform.ts';
import { normalizePlatform, platformFit, printPlatform } from '../oci/platform.ts';
import type { Content, Image, Index } from './content.ts';
import type { Source } from './store.ts';

function contentFrom(source: Source, descriptor: Descriptor): Content {
  return { descriptor, open: (ctx) => source.open(ctx, descriptor), mountFrom: source.mountFrom };
}

/** Loads the image for one platform. Throws `NOT_FOUND`, `BASE_PLATFORM_MISSING` (listing what exists) or `MANIFEST_INVALID`. */
export async function loadImage(ctx: Context, source: Source, name: string, platform: Platform): Promise<Image> {
  return loadPlatform(ctx, source, await resolveOrThrow(ctx, source, name), platform);
}

/** The same for a name that is resolved already. */
export async function loadPlatform(ctx: Context, source: Source, root: Descriptor, platform: Platform): Promise<Image> {
  const image = await imageFor(ctx, source, root, platform, 0);
  if (platformFit(image.platform, platform) === undefined)
    throw platformMissing(source.name, platform, [image.platform]);
  return image;
}

/** Loads whatever the name stands for, with all images of an index. */
export async function loadAny(ctx: Context, source: Source, name: string): Promise<Image | Index> {
  const root = await resolveOrThrow(ctx, source, name);
  if (!isIndexType(root.mediaType)) return imageFrom(ctx, source, root);
  const { manifests, annotations } = await readIndex(ctx, source, root);
  const images = await Promise.all(manifests.filter(isImageEntry).map((entry) => imageFrom(ctx, source, entry)));
  const rest = manifests.filter((entry) => !isImageEntry(entry));
  const others = (await Promise.all(rest.map((entry) => partsOf(ctx, source, entry, 1)))).flat();
  return { kind: 'index', ...contentFrom(source, root), images, others, annotations };
}

/** A manifest or index after everything it refers to; of a kind that is not known, only itself. */
async function partsOf(ctx: Context, source: Source, root: Descriptor, depth: number): Promise<Content[]> {
  const own = contentFrom(source, root);
  if (depth > INDEX_DEPTH_LIMIT)
    throw new ImageSpecError('MANIFEST_INVALID', `${source.name} nests image indexes deeper than ${INDEX_DEPTH_LIMIT}`);
  if (isIndexType(root.mediaType)) {
    const { manifests } = await readIndex(ctx, source, root);
    return [...(await Promise.all(manifests.map((entry) => partsOf(ctx, source, entry, depth + 1)))).flat(), own];
  }
  if (!isManifestType(root.mediaType)) return [own];
  const { config, layers } = await readManifest(ctx, source, root);
  return [...[...layers, config].map((part) => contentFrom(source, part)), own];
}

export async function resolveOrThrow(ctx: Context, source: Source, name: string): Promise<Descriptor> {
  const descriptor = await source.resolve(ctx, name);
  if (descriptor) return descriptor;
  const image = name === '' ? 'image' : `image "${name}"`;
  throw new ImageSpecError('NOT_FOUND', `There is no ${image} at ${source.name}`, {
    hint: source.mountFrom
      ? 'Check the spelling of repository and tag; private repositories answer the same to users who are not logged in.'
      : 'Check the path, and the name behind it: an image of several is named as in oci:DIR:TAG.',
    facts: { source: source.name, name },
  });
}

/** Indexes may hold indexes; deeper than this is not met in practice and would be a loop. */
const INDEX_DEPTH_LIMIT = 3;

async function imageFor(
  ctx: Context,
  source: Source,
  root: Descriptor,
  platform: Platform,
  depth: number,
): Promise<Image> {
  if (!isIndexType(root.mediaType)) return imageFrom(ctx, source, root);
  if (depth >= INDEX_DEPTH_LIMIT)
    throw new ImageSpecError('MANIFEST_INVALID', `${source.name} nests image indexes deeper than ${INDEX_DEPTH_LIMIT}`);
  const { manifests } = await readIndex(ctx, source, root);
  const best = manifests
    .filter((entry) => isImageEntry(entry) || isIndexType(entry.mediaType))
    .map((entry) => ({ entry, fit: entry.platform ? platformFit(entry.platform, platform) : 0 }))
    .filter((candidate): candidate is { entry: Descriptor; fit: number } => candidate.fit !== undefined)
    .sort((a, b) => b.fit - a.fit)[0];
  if (!best)
    throw platformMissing(
      source.name,
      platform,
      manifests.filter(isImageEntry).flatMap((entry) => entry.platform ?? []),
    );
  return imageFor(ctx, source, best.entry, platform, depth + 1);
}

/** BuildKit keeps attestations in the index under the platform unknown/unknown. */
function isImageEntry(entry: Descriptor): boolean {
  return isManifestType(entry.mediaType) && entry.platform?.os !== 'unknown' && entry.artifactType === undefined;
}

async function readIndex(ctx: Context, source: Source, descriptor: Descriptor) {
  const what = `index ${descriptor.digest} of ${source.name}`;
  const document = parseManifest(
    await readAll(source.open(ctx, descriptor), MANIFEST_LIMIT_BYTES, what),
    descriptor.mediaType,
    what,
  );
  if (document.kind !== 'index') throw new ImageSpecError('MANIFEST_INVALID', `${what} is not an index`);
  return document;
}

async function imageFrom(ctx: Context, source: Source, descriptor: Descriptor): Promise<Image> {
  return assembleImage(ctx, source, descriptor, await readManifest(ctx, source, descriptor));
}

async function readManifest(ctx: Context, source: Source, descriptor: Descriptor): Promise<Manifest> {
  const what = `manifest ${descriptor.digest} of ${source.name}`;
  const document = parseManifest(
    await readAll(source.open(ctx, descriptor), MANIFEST_LIMIT_BYTES, what),
    descriptor.mediaType,
    what,
  );
  if (document.kind !== 'manifest') throw new ImageSpecError('MANIFEST_INVALID', `${what} is not an image manifest`);
  return document;
}

async function assembleImage(ctx: Context, source: Source, descriptor: Descriptor, manifest: Manifest): Promise<Image> {
  const what = `config ${manifest.config.digest} of ${source.name}`;
  const config = parseConfig(await readAll(source.open(ctx, manifest.config), CONFIG_LIMIT_BYTES, what), what);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new ImageSpecError(
      'MANIFEST_INVALID',
      `${what} names ${diffIds.length} diff IDs for ${manifest.layers.length} layers`,
    );
  }
  const layers = manifest.layers.map((layer, index) => ({ ...contentFrom(source, layer), diffId: diffIds[index]! }));
  const platform = normalizePlatform({ os: config.os, architecture: config.architecture, variant: config.variant });
  const configContent = contentFrom(source, manifest.config);
  return {
    kind: 'image',
    ...contentFrom(source, descriptor),
    platform,
    config,
    configContent,
    layers,
    annotations: manifest.annotations,
  };
}

function platformMissing(name: string, want: Platform, have: readonly Platform[]): ImageSpecError {
  const list = [...new Set(have.map(printPlatform))].join(', ') || 'no platform at all';
  return new ImageSpecError('BASE_PLATFORM_MISSING', `${name} does not exist for ${printPlatform(want)}`, {
    hint: `It exists for ${list}: choose one of these with --platform, or another base image.`,
    facts: { source: name, platform: printPlatform(want) },
  });
}
