// The local cache: blobs by digest, small records by key. Everything in it can be lost without loss.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import type { Expected } from '../core/digest.ts';

export interface LocalCache {
  /** Absolute folder on the host. */
  readonly root: string;
  /** Host path of a blob, or undefined when it is not here. */
  readonly find: (digest: Digest) => Promise<string | undefined>;
  /**
   * Keeps bytes under their digest: private temporary file, verified while written, renamed. Returns the host path. Equal digests asked for at
   * the same time are written once. Throws `CACHE_UNWRITABLE`, `DISK_FULL`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`.
   */
  readonly keep: (
    ctx: Context,
    expected: Expected,
    what: string,
    open: (ctx: Context) => AsyncIterable<Uint8Array>,
  ) => Promise<string>;
  /** Moves a file that was made in `scratch` to its place by digest (trusted, not read again). Returns the host path. */
  readonly adopt: (digest: Digest, file: string) => Promise<string>;
  /** Runs work with a private folder on the cache's own file system, removed afterwards. */
  readonly scratch: <T>(work: (folder: string) => Promise<T>) => Promise<T>;
  /** A small document kept under a key of ours (`layer`, `facts`, …), or undefined; a damaged one counts as absent. */
  readonly readRecord: (kind: string, key: Digest) => Promise<Uint8Array | undefined>;
  readonly writeRecord: (kind: string, key: Digest, bytes: Uint8Array) => Promise<void>;
}
