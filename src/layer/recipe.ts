// A layer is a recipe: which ranges of which files, in order, make up its blob. The blob itself is never kept.
import type { Digest } from '../core/digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';

export interface Recipe {
  /** Absolute host paths. The first is the file of literals: bytes of ours (tar headers, what we compressed). The others are wheels. */
  readonly sources: readonly string[];
  /** Flat triples: index into `sources`, offset, length (bytes). */
  readonly pieces: readonly number[];
}

export interface PackedLayer {
  /** Media type, digest and size of the blob. */
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** Bytes of the uncompressed tar. */
  readonly uncompressedSize: number;
  /** Entries in the tar, parents included. */
  readonly entries: number;
  /** Digest of the literals file. */
  readonly literals: Digest;
  readonly recipe: Recipe;
}
