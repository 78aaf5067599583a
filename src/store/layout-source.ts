// Reads an image layout (image-spec, image-layout.md), in a folder or in a tar.
import { z } from 'zod';
import type { Digest } from '../core/digest.ts';
import { hexOf, isDigest, readAll, verified } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import type { Source } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { MANIFEST_LIMIT_BYTES } from '../oci/manifest.ts';
import { isIndexType, isManifestType, MEDIA } from '../oci/media-type.ts';
import type { Files } from './files.ts';
import { findEntry, readDocument, readIndex } from './layout-index.ts';

export const LAYOUT_FILE = 'oci-layout';
export const LAYOUT_BYTES: Uint8Array = new TextEncoder().encode('{"imageLayoutVersion":"1.0.0"}');

const layoutSchema = z.looseObject({ imageLayoutVersion: z.string() });

/** Path of a blob in a layout. */
export function blobPath(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** @param name for messages, as the user would write it: `oci:./out` */
export function layoutSource(name: string, files: Files): Source {
  return {
    name,
    resolve: async (_ctx, wanted) => {
      await checkLayout(name, files);
      const found = findEntry(await readIndex(name, files), wanted, name);
      if (found) return { mediaType: found.mediaType, digest: found.digest, size: found.size };
      return isDigest(wanted) ? describeBlob(name, files, wanted) : undefined;
    },
    open: async function* (_ctx, descriptor) {
      const path = blobPath(descriptor.digest);
      const what = `${descriptor.digest} in ${name}`;
      // Layouts may be thin: a missing blob is no damage.
      if ((await files.size(path)) === undefined) throw new ImageSpecError('NOT_FOUND', `There is no content ${what}`);
      yield* verified(files.open(path), descriptor, what);
    },
  };
}

/** Throws `ARCHIVE_INVALID` unless this is a layout of version 1. */
export async function checkLayout(name: string, files: Files): Promise<void> {
  const layout = await readDocument(name, files, LAYOUT_FILE, layoutSchema);
  if (layout?.imageLayoutVersion.startsWith('1.')) return;
  const why = layout ? `its version is ${layout.imageLayoutVersion}` : `it has no file ${LAYOUT_FILE}`;
  throw new ImageSpecError('ARCHIVE_INVALID', `${name} is not an OCI image layout that can be read: ${why}`, {
    hint: 'Write oci:DIR for a folder, oci-archive:FILE for a tar of such a folder, docker-archive:FILE for what docker save wrote.',
  });
}

/** A manifest or index that index.json does not list, such as one platform of an index: its own bytes tell what it is. */
async function describeBlob(name: string, files: Files, digest: Digest): Promise<Descriptor | undefined> {
  const size = await files.size(blobPath(digest));
  if (size === undefined || size > MANIFEST_LIMIT_BYTES) return undefined;
  const what = `${digest} in ${name}`;
  const bytes = await readAll(verified(files.open(blobPath(digest)), { digest, size }, what), size, what);
  const mediaType = mediaTypeOf(bytes);
  return mediaType === undefined ? undefined : { mediaType, digest, size };
}

function mediaTypeOf(bytes: Uint8Array): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof document !== 'object' || document === null) return undefined;
  if ('mediaType' in document && typeof document.mediaType === 'string')
    return isIndexType(document.mediaType) || isManifestType(document.mediaType) ? document.mediaType : undefined;
  if ('manifests' in document) return MEDIA.index;
  return 'config' in document && 'layers' in document ? MEDIA.manifest : undefined;
}
