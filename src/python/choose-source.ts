// What a lock has only as source: the archive, or the commit of a repository, that a wheel is to be built of (PEP 751).
import { dirname, resolve } from 'node:path';
import { ImageSpecError } from '../core/error.ts';
import type { LockedSource } from './lock.ts';
import type { Candidate, ChooseOptions } from './locked-file.ts';
import { directUrlOf, invalid, isRequested, unknownDigest, urlOf, withoutUser } from './locked-file.ts';
import { normalizeName } from './package-name.ts';
import type { PylockDirectory, PylockPackage, PylockVcs } from './pylock.ts';

export function sdistOf(
  locked: PylockPackage,
  { file, filename, digest }: Candidate,
  options: ChooseOptions,
): LockedSource {
  if (!digest) throw unknownDigest(options.what, filename);
  const name = normalizeName(locked.name);
  const url = urlOf(file, options);
  const { size, subdirectory } = file;
  return {
    name,
    ...(locked.version !== undefined && { version: locked.version }),
    from: {
      kind: 'sdist',
      filename,
      url,
      digest,
      ...(size !== undefined && { size }),
      ...(subdirectory !== undefined && { subdirectory }),
    },
    requested: isRequested(name, locked, options),
    ...directUrlOf(locked, url, digest),
  };
}

export function commitOf(locked: PylockPackage, vcs: PylockVcs, label: string, options: ChooseOptions): LockedSource {
  const { what, requirements } = options;
  const { url, subdirectory, 'commit-id': commit, 'requested-revision': revision } = vcs;
  if (vcs.type !== 'git') throw notGit(label, vcs.type, what);
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) throw invalid(`${what} names no commit of ${label}`);
  if (url === undefined || !URL.canParse(url)) throw invalid(`${what} names no URL of a repository for ${label}`);
  const name = normalizeName(locked.name);
  if (requirements?.requireHashes) throw unhashed(label);
  const below = subdirectory === undefined ? {} : { subdirectory };
  return {
    name,
    ...(locked.version !== undefined && { version: locked.version }),
    from: { kind: 'git', url, commit, ...below },
    requested: isRequested(name, locked, options),
    ...(!url.startsWith('file:') && {
      directUrl: {
        url: withoutUser(url),
        vcs_info: { vcs: 'git', ...(revision !== undefined && { requested_revision: revision }), commit_id: commit },
        ...below,
      },
    }),
  };
}

/** The record of where a folder was says nothing in an image, so that it has none (PEP 610). */
export function folderOf(
  locked: PylockPackage,
  { path, subdirectory }: PylockDirectory,
  options: ChooseOptions,
): LockedSource {
  const name = normalizeName(locked.name);
  if (options.requirements?.requireHashes) throw unhashed(locked.name);
  return {
    name,
    ...(locked.version !== undefined && { version: locked.version }),
    from: {
      kind: 'folder',
      path: resolve(dirname(options.file), path),
      ...(subdirectory !== undefined && { subdirectory }),
    },
    requested: isRequested(name, locked, options),
  };
}

function notGit(label: string, type: string, what: string): ImageSpecError {
  return new ImageSpecError('NOT_SUPPORTED', `${what} has ${label} in a repository of ${type}`, {
    hint: 'Repositories are read by git only: build a wheel of it, publish that to your index, and lock again.',
  });
}

export function unhashed(label: string): ImageSpecError {
  return new ImageSpecError(
    'REQUIREMENTS_INVALID',
    `${label} is needed, but has no hash, and --require-hashes was given`,
    {
      hint: 'Make the list with all dependencies and hashes, for example with "uv pip compile --generate-hashes".',
    },
  );
}
