// What exactly is to be installed: the result of resolution, or of reading a lock. From here on everything is ours.
import type { Digest } from '../core/digest.ts';
import { keyOf } from '../core/json.ts';

/** Where a distribution came from if not from an index (PEP 610), without credentials. */
export interface DirectUrl {
  readonly url: string;
  readonly archive_info: { readonly hashes: { readonly sha256: string } };
}

export interface LockedWheel {
  /** Normalised name (PEP 503). */
  readonly name: string;
  readonly version: string;
  /** `numpy-2.2.6-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl` */
  readonly filename: string;
  /** https URL, or a file: URL for a wheel on the host. May hold credentials: redact before printing. */
  readonly url: string;
  readonly digest: Digest;
  /** Bytes, when the lock knows. */
  readonly size?: number | undefined;
  /** Asked for by the user rather than needed by another (PEP 376 REQUESTED). */
  readonly requested: boolean;
  readonly directUrl?: DirectUrl | undefined;
}

export interface Lock {
  /** Sorted by name. */
  readonly wheels: readonly LockedWheel[];
  /** Of the canonical list of names, versions and digests: equal locks have equal digests, whatever URL served them. */
  readonly digest: Digest;
}

/** A lock of these wheels, sorted and digested. */
export function lockOf(wheels: readonly LockedWheel[]): Lock {
  const sorted = [...wheels].sort((a, b) => (a.name < b.name ? -1 : 1));
  const identity = sorted.map(({ name, version, digest, requested }) => ({ name, version, digest, requested }));
  return { wheels: sorted, digest: keyOf(identity) };
}
