// A Debian package that was chosen: everything that is needed to fetch it and to know it again.
import type { Digest } from '../core/digest.ts';

export interface LockedDeb {
  readonly name: string;
  readonly version: string;
  /** `all`, or `amd64`, … */
  readonly architecture: string;
  /** Without credentials. */
  readonly url: string;
  /** Of the .deb. */
  readonly digest: Digest;
  /** Bytes of the .deb. */
  readonly size: number;
  /** Asked for by the user, and not only by another package. */
  readonly requested: boolean;
  /** Names of the suite it comes from, the codename first. */
  readonly suites: readonly string[];
  /** Time of the snapshot it comes from: `20260115T000000Z`. */
  readonly snapshot?: string | undefined;
}

/** All packages of one platform. */
export interface DebianLock {
  /** In the order in which they are installed. */
  readonly packages: readonly LockedDeb[];
  readonly digest: Digest;
}
