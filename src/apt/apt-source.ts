// A place that packages come from, whoever named it: a list of apt's, or the spec.
import type { HeadersFor } from './apt-auth.ts';
import type { AptConfig } from './apt-config.ts';
import type { AptFolder } from './apt-folder.ts';
import type { Keyring } from './keyring.ts';

/** One suite at one URI. */
export interface AptSource {
  /** `http:`, `https:` or `file:`, ends in `/`, without credentials. May hold `$(ARCH)`. */
  readonly uri: string;
  /** `bookworm`, or an exact path that ends in `/`. May hold `$(ARCH)`. */
  readonly suite: string;
  /** Empty for exact paths. */
  readonly components: readonly string[];
  /** Debian's names; undefined for every architecture. */
  readonly architectures?: readonly string[] | undefined;
  readonly keyring: Keyring;
  /** By the user's explicit word: signatures are not looked at. */
  readonly trusted: boolean;
  readonly checkValidUntil: boolean;
  /** False takes `checkValidUntil` with it. */
  readonly checkDate: boolean;
  readonly maxFutureSeconds: number;
  /** Counted from the Date of the Release file. */
  readonly validUntilMaxSeconds?: number | undefined;
  readonly validUntilMinSeconds?: number | undefined;
  readonly byHash: 'yes' | 'no' | 'force';
  /** apt.conf(5): its versions are preferred (990). */
  readonly defaultRelease?: string | undefined;
  /** `YYYYMMDDTHHMMSSZ`, and whether the URI has it already or the Release file says where that snapshot is. */
  readonly snapshot?: { readonly time: string; readonly place: 'uri' | 'release' } | undefined;
  /** `/etc/apt/sources.list:3`, for messages. */
  readonly where: string;
  readonly headersFor: HeadersFor;
}

/** What the place of a list says about its entries. */
export interface SourceDefaults {
  readonly folder: AptFolder;
  readonly config: AptConfig;
  readonly headersFor: HeadersFor;
  /** The keyring of entries without `Signed-By`. */
  readonly keyring: Keyring;
  /** `file:` URIs in a base mean the base's own files, which are not on this host. */
  readonly mayReadFiles: boolean;
  /** Goes behind paths in messages: ` of the base image`. */
  readonly suffix: string;
  /** Absolute path of a keyring as it is written; may hold white space, which parts keyrings where they are written. */
  readonly pathOf?: (word: string) => string;
}
