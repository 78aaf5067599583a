// A package that a lock names: what is fetched, from where, and what it must be.
import type { Digest } from '../core/digest.ts';

export interface LockedDeb {
  readonly name: string;
  readonly version: string;
  /** `all`, or `amd64`, … */
  readonly architecture: string;
  /** Absolute; without credentials. */
  readonly url: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Whether the user asked for it by name. */
  readonly requested: boolean;
  /** Suites that it stands in, the codename first. */
  readonly suites: readonly string[];
  /** Time of the snapshot it comes from, where the source is one. */
  readonly snapshot?: string | undefined;
}

/** All packages of one platform. */
export interface DebianLock {
  /** In the order in which they are installed. */
  readonly packages: readonly LockedDeb[];
  readonly digest: Digest;
}
