// What a lock has only as source: the archive, or the commit of a repository, that a wheel is to be built of (PEP 751).
import { ImageSpecError } from '../core/error.ts';
import type { LockedSource } from './lock.ts';
import type { Candidate, ChooseOptions } from './locked-file.ts';
import { directUrlOf, invalid, isRequested, unknownDigest, urlOf, withoutUser } from './locked-file.ts';
import { normalizeName } from './package-name.ts';
import type { PylockPackage, PylockVcs } from './pylock.ts';

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

export function ofFolder(label: string, what: string): ImageSpecError {
  return new ImageSpecError('NOT_SUPPORTED', `${what} has ${label} as a folder of some host, which is not built yet`, {
    hint: 'Build a wheel of it, publish that to your index, and lock again; or name its repository (git+https://…).',
  });
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
