// What an index or the package database says of one version of a package, in the terms of deb-control(5).

export type Operator = '<<' | '<=' | '=' | '>=' | '>>';

/** One possibility: `libc6:any (>= 2.36)`. */
export interface Relation {
  readonly name: string;
  /** `any`, `native` or an architecture, where one is written. */
  readonly architecture?: string | undefined;
  readonly operator?: Operator | undefined;
  readonly version?: string | undefined;
}

/** `a | b | c`: one of them. */
export type Alternatives = readonly Relation[];

export interface PackageVersion {
  readonly name: string;
  readonly version: string;
  /** Of the source package, where either differs from the package's own (field `Source`). */
  readonly source?: { readonly name: string; readonly version: string } | undefined;
  /** `all`, or `amd64`, … */
  readonly architecture: string;
  readonly multiArch: 'no' | 'same' | 'foreign' | 'allowed';
  readonly essential: boolean;
  /** `required`, `important`, `standard`, `optional`, `extra`. */
  readonly priority: string;
  readonly preDepends: readonly Alternatives[];
  readonly depends: readonly Alternatives[];
  /** A version only where it is written: `mail-transport-agent (= 1)`. */
  readonly provides: readonly Relation[];
  readonly conflicts: readonly Relation[];
  readonly breaks: readonly Relation[];
  readonly replaces: readonly Relation[];
}

/** A version that can be fetched. */
export interface Candidate extends PackageVersion {
  /** Absolute; without credentials. */
  readonly url: string;
  /** Bytes of the .deb. */
  readonly size: number;
  readonly digest: `sha256:${string}`;
  /** Suite as its Release file names it, `bookworm` or `oldstable` alike in `suites`; the codename stands first. */
  readonly suites: readonly string[];
  /** apt_preferences(5): 500, or 100 and 1 for suites that are `NotAutomatic`. */
  readonly pin: number;
  /** Time of the snapshot it comes from, where the source is one. */
  readonly snapshot?: string | undefined;
}

/** All sources together. */
export interface PackageIndex {
  /** All versions of this name, for the native architecture and `all`; in the order of the sources. */
  readonly versions: (name: string) => readonly Candidate[];
  /** All versions that provide this name, apart from those that bear it. */
  readonly providers: (name: string) => readonly Candidate[];
  /** Every name that there is, for suggestions. */
  readonly names: () => Iterable<string>;
  /**
   * Where the name first stands in the sources, in stanzas or in relations of them, counted through. Only its order counts:
   * among providers that are equal in all else, apt takes the one that is mentioned last. Without it, names decide.
   */
  readonly rank?: ((name: string) => number) | undefined;
}
