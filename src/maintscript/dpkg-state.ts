// The package database while packages are installed: what dpkg keeps below /var/lib/dpkg, as values that programs ask and change.

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** `Multi-Arch: same`: files of the database bear the architecture in their names. */
  readonly isSame: boolean;
  /** Second word of Status: ok; third: `installed`, `unpacked`, `half-configured`, `config-files`, … */
  readonly state: string;
  /** The stanza of `status`, in its order, with `Status`; without `Conffiles`. */
  readonly fields: readonly (readonly [field: string, value: string])[];
  /** By absolute path, as `status` has it: md5 in hex, and flags (`obsolete`) behind it. */
  readonly conffiles: ReadonlyMap<string, string>;
}

export interface Diversion {
  /** Absolute. */
  readonly from: string;
  readonly to: string;
  /** Name of the package, or `:` for the local administrator. */
  readonly by: string;
}

export interface StatOverride {
  readonly owner: string;
  readonly group: string;
  readonly mode: number;
  /** Absolute. */
  readonly path: string;
}

/** What Debian's programs need of the database; changes are seen by whoever asks next. */
export interface DpkgState {
  /** By `name` or `name:architecture`. */
  readonly find: (name: string) => InstalledPackage | undefined;
  readonly all: () => Iterable<InstalledPackage>;
  /** Absolute paths of its `.list`, without `/.`. */
  readonly filesOf: (name: string) => readonly string[];
  readonly diversions: Diversion[];
  readonly overrides: StatOverride[];
  /** `dpkg-trigger NAME` and what file triggers become: activates all packages interested in it. */
  readonly activate: (trigger: string) => void;
}
