// Content: a known descriptor, and bytes that can be opened again and again. Descriptor eager, bytes lazy.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { digestOf } from '../core/digest.ts';
import type { ImageConfig } from '../oci/config.ts';
import type { Annotations, Descriptor } from '../oci/descriptor.ts';
import type { Platform } from '../oci/platform.ts';

export interface OpenOptions {
  /** The reader is done with a buffer when it asks for the next: the source may fill it again, and large contents leave no garbage. */
  readonly reuse?: boolean | undefined;
}

export interface Content {
  readonly descriptor: Descriptor;
  /** What it is, in a few words for people: `numpy 2.2.6`. */
  readonly title?: string | undefined;
  /**
   * Opens the bytes from their start; every call is a new reading, so a retry re-opens and never reuses. Readers get verified bytes: the
   * iterable throws `DIGEST_MISMATCH` or `SIZE_MISMATCH` at its end. Leaving the loop early releases the source.
   */
  readonly open: (ctx: Context, options?: OpenOptions) => AsyncIterable<Uint8Array>;
  /** Repository on the same registry that has this blob (`library/python`), so that a registry can mount it. */
  readonly mountFrom?: { readonly registry: string; readonly repository: string } | undefined;
}

/** A changeset as a blob; `diffId` is the digest of its uncompressed tar (image-spec, config.md). */
export interface Layer extends Content {
  readonly diffId: Digest;
}

/** A manifest with its parts. `descriptor` is the manifest's, `open` gives the manifest's bytes. */
export interface Image extends Content {
  readonly kind: 'image';
  readonly platform: Platform;
  readonly config: ImageConfig;
  readonly configContent: Content;
  /** Bottom to top. */
  readonly layers: readonly Layer[];
  readonly annotations: Annotations;
}

/** An image index with the images it names, in its order; entries that are not images (attestations) are left out of `images`. */
export interface Index extends Content {
  readonly kind: 'index';
  readonly images: readonly Image[];
  /** What else it names (attestations, nested indexes), with all that those refer to; parts before wholes. */
  readonly others?: readonly Content[];
  readonly annotations: Annotations;
}

/** Content of a small document that is in memory anyway. */
export function contentOf(bytes: Uint8Array, mediaType: string, more: Partial<Descriptor> = {}): Content {
  return {
    descriptor: { ...more, mediaType, digest: digestOf(bytes), size: bytes.length },

    async *open() {
      yield bytes;
    },
  };
}
