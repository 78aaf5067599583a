// What the user gave, read once: requirement files and copied files, with the digest of it all.
import { readFile } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { isArmoredKey, parseFingerprint } from '../apt/keyring.ts';
import { itemsOf } from '../apt/source-entry.ts';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { digestOf } from '../core/digest.ts';
import { ImageSpecError, messageOf } from '../core/error.ts';
import { keyOf } from '../core/json.ts';
import { LAYER_FORMAT } from '../layer/format.ts';
import { INSTALL_FORMAT } from '../python/install-format.ts';
import type { Wants } from '../python/requirements.ts';
import { isLockFile, readRequirements } from '../python/requirements.ts';
import type { LoadedSpec } from '../spec/load.ts';
import { lockFileOf } from '../spec/own-files.ts';
import type { ImageSpec } from '../spec/spec.ts';
import { COMMANDS_FORMAT } from './commands-format.ts';
import type { Copies, UserFiles } from './files.ts';
import { digestUserFiles, readUserFiles } from './files.ts';

export interface FileDigest {
  /** Absolute. */
  readonly path: string;
  readonly digest: Digest;
}

/** What is asked for of Debian. */
export interface DebianWants {
  /** As the spec writes them. */
  readonly packages: readonly string[];
  /** All packages that Debian calls essential. */
  readonly essential: boolean;
  /** As the spec writes them, without the environment filled in. */
  readonly sources: NonNullable<ImageSpec['aptSources']> | undefined;
  readonly leavesUnpacked: boolean;
  /** A Python is to be among the packages, of this version where it is given. Where no source has one, there is none. */
  readonly python?: { readonly version: string | undefined } | undefined;
  /** So is a bundle of certificate authorities. */
  readonly certificates?: true | undefined;
}

export interface Inputs {
  readonly wants: Wants;
  /** undefined when no Debian packages are wanted. */
  readonly debian: DebianWants | undefined;
  /** Requirements and constraints files. */
  readonly files: readonly FileDigest[];
  /** Of the spec and of the requirements files. May hold credentials: not for messages, keys or locks. */
  readonly indexUrls: readonly string[];
  /** Of `source_root` and `copy`. */
  readonly userFiles: UserFiles;
  /** Digest of their paths, modes and content. */
  readonly copied: Digest;
  /** Of everything the user gave and of the formats in which we write: equal digests, base and lock mean equal images. */
  readonly digest: Digest;
}

export async function readInputs(ctx: Context, loaded: LoadedSpec, epoch: number): Promise<Inputs> {
  const { spec, directory } = loaded;
  const wants = wantsOf(spec, directory);
  const [requirements, userFiles] = await Promise.all([
    readRequirements(wants),
    readUserFiles(ctx, copiesOf(loaded), epoch),
  ]);
  const files = [...(await digestFiles(requirements.files)), ...(await digestKeyrings(loaded))];
  const copied = await digestUserFiles(ctx, userFiles);
  const digest = keyOf({
    formats: [LAYER_FORMAT, INSTALL_FORMAT, ...(spec.commands?.length ? [COMMANDS_FORMAT] : [])],
    spec: JSON.stringify(spec),
    files: files.map((file) => file.digest),
    copied,
    epoch,
  });
  const asked = debianWantsOf(spec);
  const { pipIndex, pipExtraIndexUrls } = wants;
  const indexUrls = [...(pipIndex ? [pipIndex] : []), ...pipExtraIndexUrls, ...requirements.indexUrls];
  const { packages, essential } = asked;
  const debian = packages.length > 0 || essential ? asked : undefined;
  return { wants, debian, files, indexUrls, userFiles, copied, digest };
}

export function copiesOf({ spec, directory, file }: LoadedSpec): Copies {
  const lock = file === undefined ? undefined : lockFileOf(file);
  const { sourceRoot: root, sourceCopyMode: mode } = spec;
  const files = mode === 'ALL' ? undefined : spec.sourceFiles;
  return {
    copies: spec.copy ?? [],
    folder: directory,
    lockName: lock === undefined ? undefined : basename(lock),
    ...(root !== undefined && mode !== 'NO_COPY' && { sources: { root, directory, files, lock } }),
  };
}

/** Whether what is chosen must be kept: a `pylock.toml` is its own lock, and may name wheels by paths that hold on one host only. */
export function wantsLockFile(wants: Wants): boolean {
  const { requirementsFile } = wants;
  return wantsPackages(wants) && !(requirementsFile !== undefined && isLockFile(requirementsFile));
}

export function wantsPackages(wants: Wants): boolean {
  return wants.packages.length > 0 || wants.requirementsFile !== undefined;
}

/** Whether the image is to have a Python: a version that is written is wanted whatever is installed for it. */
export function wantsPython({ compile = false, pythonVersion, pythonExec }: ImageSpec, wants: Wants): boolean {
  return wantsPackages(wants) || compile || pythonVersion !== undefined || pythonExec !== undefined;
}

function wantsOf(spec: ImageSpec, folder: string): Wants {
  const file = spec.requirements;
  return {
    packages: spec.packages ?? [],
    ...(file !== undefined && { requirementsFile: isAbsolute(file) ? file : join(folder, file) }),
    ...(spec.pipIndex !== undefined && { pipIndex: spec.pipIndex }),
    pipExtraIndexUrls: spec.pipExtraIndexUrl ?? [],
  };
}

/** What the spec says about Debian packages, whether it wants some or not. */
export function debianWantsOf({
  aptPackages = [],
  aptEssential = false,
  aptSources,
  aptConfigure,
}: ImageSpec): DebianWants {
  return {
    packages: aptPackages,
    essential: aptEssential,
    sources: aptSources,
    leavesUnpacked: aptConfigure === 'never',
  };
}

/** Keyrings that the spec names by their path. Throws `APT_SOURCES_INVALID` for one that cannot be read. */
async function digestKeyrings({ spec, directory }: LoadedSpec): Promise<FileDigest[]> {
  const paths = (spec.aptSources ?? []).flatMap((source) => {
    const file = typeof source === 'string' ? undefined : source.signed_by;
    if (file === undefined || isArmoredKey(file)) return [];
    const words = itemsOf(file).filter((word) => parseFingerprint(word) === undefined);
    return words.map((word) => (isAbsolute(word) ? word : join(directory, word)));
  });
  return Promise.all(
    paths.map(async (path) => {
      const [found] = await digestFiles([path]).catch((cause: unknown) => {
        throw new ImageSpecError('APT_SOURCES_INVALID', `The keyring ${path} cannot be read: ${messageOf(cause)}`, {
          hint: 'Paths under `signed_by` start at the folder of the spec; an armored key may stand there itself.',
          cause,
          facts: { file: path },
        });
      });
      return found!;
    }),
  );
}

export async function digestFiles(paths: readonly string[]): Promise<FileDigest[]> {
  return Promise.all(paths.map(async (path) => ({ path, digest: digestOf(await readFile(path)) })));
}

/**
 * The strict key of an image: everything that decides its bytes. The tag, which is flytekit's, leaves out the base's digest, the lock,
 * file modes and destinations; this key does not.
 */
export function strictKey(inputs: Digest, base: Digest | undefined, lock: Digest): Digest {
  return keyOf({ inputs, base, lock });
}
