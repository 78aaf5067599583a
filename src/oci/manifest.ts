// Manifests and indexes (image-spec, manifest.md and image-index.md): parse what came, print what we made.
import { z } from 'zod';
import { ImageSpecError } from '../core/error.ts';
import { parseDocument } from './config.ts';
import type { Annotations, Descriptor } from './descriptor.ts';
import { descriptorSchema } from './descriptor.ts';
import { isIndexType, isManifestType, MEDIA } from './media-type.ts';

const annotations = z.record(z.string(), z.string()).optional();

const manifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
  annotations,
});

const indexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(descriptorSchema).default([]),
  annotations,
});

export interface Manifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Annotations;
}

export interface IndexDocument {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations: Annotations;
}

/** Manifests larger than this are refused by registries, so nobody needs to read more (distribution-spec: at least 4 MiB). */
export const MANIFEST_LIMIT_BYTES = 4 << 20;
/** Configs of real images stay in the kilobytes; labels of build tools may take megabytes. */
export const CONFIG_LIMIT_BYTES = 8 << 20;

/**
 * Parses a manifest or an index. `mediaType` is the type of the descriptor or Content-Type by which it came; a body that names
 * another type is refused (`MANIFEST_INVALID`), since one digest must not mean two things.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string, what: string): Manifest | IndexDocument {
  if (isIndexType(mediaType)) {
    const document = parseDocument(indexSchema, bytes, what);
    refuseOtherType(document.mediaType, mediaType, what);
    return { kind: 'index', mediaType, manifests: document.manifests, annotations: document.annotations ?? {} };
  }
  if (!isManifestType(mediaType)) {
    throw new ImageSpecError('MANIFEST_INVALID', `${what} has the unknown media type "${mediaType}"`, {
      hint: 'Only OCI and Docker schema 2 images can be read; schema 1 images must be pushed again by a current tool.',
    });
  }
  const document = parseDocument(manifestSchema, bytes, what);
  refuseOtherType(document.mediaType, mediaType, what);
  return {
    kind: 'manifest',
    mediaType,
    config: document.config,
    layers: document.layers,
    annotations: document.annotations ?? {},
  };
}

function refuseOtherType(inside: string | undefined, outside: string, what: string): void {
  if (inside === undefined || inside === outside) return;
  throw new ImageSpecError('MANIFEST_INVALID', `${what} came as ${outside}, but calls itself ${inside}`);
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const sorted = (values: Annotations): Annotations | undefined => {
  const keys = Object.keys(values).sort();
  return keys.length === 0 ? undefined : Object.fromEntries(keys.map((key) => [key, values[key] as string]));
};

/** A descriptor's members in one order, unknown ones dropped: what we write must not depend on where it came from. */
function printDescriptor(descriptor: Descriptor): Record<string, unknown> {
  const { mediaType, digest, size, artifactType, urls, platform } = descriptor;
  const own = descriptor.annotations && sorted(descriptor.annotations);
  return {
    mediaType,
    digest,
    size,
    ...(urls && { urls }),
    ...(own && { annotations: own }),
    ...(platform && { platform }),
    ...(artifactType && { artifactType }),
  };
}

/** Bytes of an OCI manifest; member order is fixed, so equal content has equal digests. */
export function printManifest(config: Descriptor, layers: readonly Descriptor[], about: Annotations): Uint8Array {
  const own = sorted(about);
  return encode({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: printDescriptor(config),
    layers: layers.map(printDescriptor),
    ...(own && { annotations: own }),
  });
}

/** Bytes of an OCI index. */
export function printIndex(manifests: readonly Descriptor[], about: Annotations): Uint8Array {
  const own = sorted(about);
  return encode({
    schemaVersion: 2,
    mediaType: MEDIA.index,
    manifests: manifests.map(printDescriptor),
    ...(own && { annotations: own }),
  });
}
