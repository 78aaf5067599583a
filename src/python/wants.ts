// What the user wants installed, as the spec says it.
import type { PipArguments } from './pip-arguments.ts';

export interface Wants {
  /** Requirements (PEP 508, or a path), one each. */
  readonly packages: readonly string[];
  /** The same, of which a tag knows nothing. */
  readonly untaggedPackages?: readonly string[] | undefined;
  /** Absolute; where relative paths among the packages start. */
  readonly folder?: string | undefined;
  /** Absolute path of a requirements file, lock, pyproject.toml or script. */
  readonly requirementsFile?: string;
  /** Of the project that the file is of. */
  readonly extras?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly options?: ResolverOptions | undefined;
  /** May hold credentials, as all index URLs. */
  readonly pipIndex?: string;
  readonly pipExtraIndexUrls: readonly string[];
}

/** Of `pip_extra_args`, with absolute paths. */
export type ResolverOptions = Pick<
  PipArguments,
  | 'resolver'
  | 'noBinary'
  | 'onlyBinary'
  | 'constraints'
  | 'overrides'
  | 'requireHashes'
  | 'findLinks'
  | 'keyring'
  | 'left'
>;
