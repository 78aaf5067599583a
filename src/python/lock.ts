// What exactly is to be installed: the result of resolution, or of reading a lock. From here on everything is ours.
import type { Digest } from '../core/digest.ts';
import { keyOf } from '../core/json.ts';

/** Where a distribution came from if not from an index (PEP 610), without credentials. */
export type DirectUrl = {
  readonly url: string;
  readonly subdirectory?: string | undefined;
} & (
  | { readonly archive_info: { readonly hashes: { readonly sha256: string } } }
  | {
      readonly vcs_info: {
        readonly vcs: 'git';
        readonly requested_revision?: string | undefined;
        readonly commit_id: string;
      };
    }
);

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

/** A source distribution: an archive as `LockedWheel` has it. */
export interface LockedSdist {
  readonly kind: 'sdist';
  readonly filename: string;
  readonly url: string;
  readonly digest: Digest;
  readonly size?: number | undefined;
  /** Folder of the archive in which the project is. */
  readonly subdirectory?: string | undefined;
}

/** A commit of a git repository. */
export interface LockedCommit {
  readonly kind: 'git';
  /** As git takes it. May hold credentials: redact before printing. */
  readonly url: string;
  /** 40 or 64 hex digits. */
  readonly commit: string;
  /** Folder of the repository in which the project is. */
  readonly subdirectory?: string | undefined;
}

/** A project's folder of this host. */
export interface LockedFolder {
  readonly kind: 'folder';
  /** Absolute host path. */
  readonly path: string;
  /** Of its files, as soon as they have been read: a lock is made without. */
  readonly digest?: Digest | undefined;
  /** Folder below it in which the project is. */
  readonly subdirectory?: string | undefined;
}

/** A distribution that is a wheel only after it was built. */
export interface LockedSource {
  /** Normalised name (PEP 503). */
  readonly name: string;
  /** Absent where only building tells. */
  readonly version?: string | undefined;
  readonly from: LockedSdist | LockedCommit | LockedFolder;
  readonly requested: boolean;
  readonly directUrl?: DirectUrl | undefined;
}

export interface Lock {
  /** Sorted by name. */
  readonly wheels: readonly LockedWheel[];
  /** Sorted by name. */
  readonly sources: readonly LockedSource[];
  /** Of the canonical list of names, versions and digests: equal locks have equal digests, whatever URL served them. */
  readonly digest: Digest;
}

/** A lock of these, sorted and digested. */
export function lockOf(wheels: readonly LockedWheel[], sources: readonly LockedSource[] = []): Lock {
  const sorted = byName(wheels);
  const identity = sorted.map(({ name, version, digest, requested }) => ({ name, version, digest, requested }));
  const built = byName(sources).map(sourceIdentity);
  return { wheels: sorted, sources: byName(sources), digest: keyOf([...identity, ...built]) };
}

export function emptyLock(): Lock {
  return lockOf([]);
}

function byName<T extends { readonly name: string }>(all: readonly T[]): T[] {
  return [...all].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What is built, whatever URL served it. */
export function sourceIdentity({ name, from, requested }: LockedSource) {
  const { subdirectory = '' } = from;
  const content = contentOf(from);
  return { name, requested, content, subdirectory };
}

function contentOf(from: LockedSource['from']): string {
  if (from.kind === 'git') return from.commit;
  return from.kind === 'sdist' ? from.digest : (from.digest ?? from.path);
}
