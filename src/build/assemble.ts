// Layers become an image, images an index: config, manifest and annotations, always in OCI types, also on a Docker-typed base.
import type { Image, Index, Layer } from '../content/content.ts';
import { contentOf } from '../content/content.ts';
import type { Digest } from '../core/digest.ts';
import type { Annotations } from '../oci/descriptor.ts';
import { printIndex, printManifest } from '../oci/manifest.ts';
import { MEDIA, ociMediaType } from '../oci/media-type.ts';
import type { Platform } from '../oci/platform.ts';
import { printPlatform } from '../oci/platform.ts';
import type { Base } from './base.ts';
import type { MadeLayer } from './make-layers.ts';
import { ANNOTATION } from './make-layers.ts';
import type { RunSettings } from './run-config.ts';
import { imageConfig, runConfig } from './run-config.ts';

export interface ImageParts {
  readonly base: Base;
  readonly platform: Platform;
  /** Layers of the base, as they are to be copied. */
  readonly baseLayers: readonly Layer[];
  readonly layers: readonly MadeLayer[];
  readonly run: RunSettings;
  /** RFC 3339. */
  readonly created: string;
  readonly annotations: Annotations;
}

export function assembleImage(parts: ImageParts): Image {
  const { base, platform, layers } = parts;
  const run = runConfig(base.image?.config.config, parts.run);
  const added = layers.map(({ layer, content }) => ({ diffId: layer.diffId, content }));
  const config = imageConfig(base.image?.config, platform, run, added, parts.created);
  const configContent = contentOf(new TextEncoder().encode(JSON.stringify(config)), MEDIA.config);
  const all = [...parts.baseLayers.map(asOciLayer), ...layers.map(({ layer }) => layer)];
  const manifest = printManifest(
    configContent.descriptor,
    all.map((layer) => layer.descriptor),
    parts.annotations,
  );
  return {
    kind: 'image',
    ...contentOf(manifest, MEDIA.manifest, { platform }),
    platform,
    config,
    configContent,
    layers: all,
    annotations: parts.annotations,
  };
}

/** Mixed manifests fail at Quay and zot: every descriptor becomes OCI; bytes and digest stay. */
function asOciLayer(layer: Layer): Layer {
  return { ...layer, descriptor: { ...layer.descriptor, mediaType: ociMediaType(layer.descriptor.mediaType) } };
}

/** One platform is a manifest, more are an index. */
export function assembleRoot(images: readonly Image[], annotations: Annotations): Image | Index {
  const [first] = images;
  if (images.length === 1 && first) return { ...first, descriptor: withoutPlatform(first) };
  const sorted = [...images].sort((a, b) => (printPlatform(a.platform) < printPlatform(b.platform) ? -1 : 1));
  const index = printIndex(
    sorted.map((image) => image.descriptor),
    annotations,
  );
  return { kind: 'index', ...contentOf(index, MEDIA.index), images: sorted, annotations };
}

function withoutPlatform(image: Image): Image['descriptor'] {
  const { platform: _platform, ...descriptor } = image.descriptor;
  return descriptor;
}

/** What makes two images the same to us, beyond their tag. */
export interface Identity {
  readonly strictKey: Digest;
  /** Digest of the locks of all platforms. */
  readonly lock: Digest;
}

/** Our keys, and what the base name stood for when it was used (image-spec, annotations.md), unless the user's own say otherwise. */
export function imageAnnotations(base: Base, identity: Identity, own: Annotations = {}): Annotations {
  return {
    [ANNOTATION.strictKey]: identity.strictKey,
    [ANNOTATION.lock]: identity.lock,
    ...(base.reference && { 'org.opencontainers.image.base.name': base.reference }),
    ...(base.rootDigest && { 'org.opencontainers.image.base.digest': base.rootDigest }),
    ...own,
  };
}
