// Which distributions each platform gets: from the lock file as long as it answers the same question, else resolved anew.
import { dirname, join } from 'node:path';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import type { Json } from '../core/json.ts';
import { keyOf } from '../core/json.ts';
import { redactUrl } from '../core/redact.ts';
import type { DebianLock } from '../deb/locked-deb.ts';
import type { HookRunner } from '../python/hook-calls.ts';
import type { Interpreter } from '../python/interpreter.ts';
import { minorVersion } from '../python/interpreter.ts';
import type { Lock, LockedSource } from '../python/lock.ts';
import { lockOf } from '../python/lock.ts';
import type { InstalledPackage } from '../python/replaced.ts';
import type { LockedPython } from '../python/managed.ts';
import { lockFileOf } from '../spec/own-files.ts';
import type { Wants } from '../python/wants.ts';
import type { LockedPlatform, LockFile } from './lock-file.ts';
import { EMPTY_LOCK_FILE, readLockFile, withoutCredentials } from './lock-file.ts';
import type { Inputs } from './inputs.ts';
import { wantsLockFile, wantsPython } from './inputs.ts';
import type { Job } from './job.ts';
import { uvLogins } from './index-login.ts';
import { absoluteFrom, absoluteWheel, relativeFrom, relativeWheel } from './local-places.ts';
import { redactError } from './secret-texts.ts';
import { uvVariables, withPipIndexes } from './pip-access.ts';

export interface Target {
  /** Platform: `linux/amd64`. */
  readonly name: string;
  readonly interpreter: Interpreter;
  /** Of the base's environment. */
  readonly installed: readonly InstalledPackage[];
}

/** The lock of one world (Python, Debian) for one platform, and the question that it answers. */
export interface Answer<T> {
  readonly question: Digest;
  readonly lock: T;
  /** Resolved now, not taken from the lock file. */
  readonly fresh: boolean;
}

export interface PlatformLocks {
  /** Platform: `linux/amd64`. */
  readonly name: string;
  readonly python?: (Answer<Lock> & { readonly version: string }) | undefined;
  readonly debian?: Answer<DebianLock> | undefined;
  readonly interpreter?: Answer<LockedPython> | undefined;
}

export interface KeptLock {
  /** Where the lock is kept; undefined when there is nothing to lock or to keep, or the spec is not a file. */
  readonly file: string | undefined;
  readonly content: LockFile;
}

export interface Locks {
  /** Of all platforms together. */
  readonly digest: Digest;
  readonly file: string | undefined;
  /** The lock file's content as it should be now. */
  readonly content: LockFile;
  readonly changed: boolean;
}

/** The lock file beside the spec, where one is kept. */
export async function readKeptLock({ loaded }: Job, { wants, debian }: Inputs): Promise<KeptLock> {
  const isKept = loaded.file !== undefined && (wantsPython(loaded.spec, wants) || debian !== undefined);
  const file = isKept ? lockFileOf(loaded.file) : undefined;
  return { file, content: file === undefined ? EMPTY_LOCK_FILE : await readLockFile(file, loaded.key) };
}

/** What was locked for all platforms, as one lock file. */
export function combineLocks({ file, content }: KeptLock, { wants }: Inputs, all: readonly PlatformLocks[]): Locks {
  const platforms = { ...content.platforms };
  const isKept = wantsLockFile(wants);
  for (const { name, python, debian, interpreter } of all) {
    platforms[name] = {
      ...(python && isKept && pythonPart(python, file)),
      ...(debian && { debian: { inputs: debian.question, packages: debian.lock.packages } }),
      ...(interpreter && { interpreter: { inputs: interpreter.question, ...withoutCredentials(interpreter.lock) } }),
    };
  }
  const changed = all.some(
    ({ python, debian, interpreter }) =>
      (isKept && python?.fresh === true) || debian?.fresh === true || interpreter?.fresh === true,
  );
  return { digest: digestOfLocks(all), file, content: { version: 1, platforms }, changed };
}

/** A lock of one part stands for itself. */
function digestOfLocks(all: readonly PlatformLocks[]): Digest {
  const digests = all.map(({ name, python, debian, interpreter }): [string, Json | undefined] => {
    const parts = { python: python?.lock.digest, debian: debian?.lock.digest, interpreter: interpreter?.lock.digest };
    const given = Object.values(parts).filter((one) => one !== undefined);
    return [name, given.length > 1 ? parts : given[0]];
  });
  return keyOf(Object.fromEntries(digests.filter((one): one is [string, Json] => one[1] !== undefined)));
}

function pythonPart(
  { question, version, lock }: NonNullable<PlatformLocks['python']>,
  file: string | undefined,
): LockedPlatform {
  const folder = dirname(file ?? '/');
  const sources = lock.sources.map((one) => ({ ...one, from: withoutSecrets(relativeFrom(one.from, folder)) }));
  return {
    inputs: question,
    python: version,
    wheels: lock.wheels.map((wheel) => withoutCredentials(relativeWheel(wheel, folder))),
    ...(sources.length > 0 && { sources }),
  };
}

function withoutSecrets(from: LockedSource['from']): LockedSource['from'] {
  return from.kind === 'folder' ? from : withoutCredentials(from);
}

export interface LockTools {
  readonly uv: () => Promise<string>;
  readonly hooks: HookRunner;
}

export async function lockPython(
  ctx: Context,
  target: Target,
  job: Job,
  inputs: Inputs,
  before: KeptLock,
  tools: LockTools,
): Promise<NonNullable<PlatformLocks['python']>> {
  const { name, interpreter } = target;
  const question = questionKey(inputs, target);
  const version = minorVersion(interpreter.version);
  const known = before.content.platforms[name];
  if (known?.wheels && known.inputs === question) {
    return {
      question,
      version,
      lock: await withFolders(ctx, lockedIn(known, dirname(before.file!)), inputs, job),
      fresh: false,
    };
  }
  if (job.options.frozen && wantsLockFile(inputs.wants)) throw lockWouldChange(name, known !== undefined, job);
  const lock = await step(ctx, { step: 'resolve', subject: name }, () => ask(ctx, target, job, inputs, tools));
  return { question, version, lock: await withFolders(ctx, lock, inputs, job), fresh: true };
}

function lockedIn({ wheels = [], sources = [] }: LockedPlatform, folder: string): Lock {
  return lockOf(
    wheels.map((wheel) => absoluteWheel(wheel, folder)),
    sources.map((one) => ({ ...one, from: absoluteFrom(one.from, folder) })),
  );
}

/** With the digests of folders, which no lock file holds: an edit changes the wheel, but not what else is installed. */
async function withFolders(ctx: Context, lock: Lock, { folders }: Inputs, { loaded }: Job): Promise<Lock> {
  if (!lock.sources.some(({ from }) => from.kind === 'folder')) return lock;
  const { digestProject } = await import('../python/project-folder.ts');
  const read = lock.sources.map(async (one): Promise<LockedSource> => {
    const { from } = one;
    if (from.kind !== 'folder') return one;
    const known = folders.find(({ path }) => path === from.path)?.digest;
    const lock = loaded.file && lockFileOf(loaded.file);
    return { ...one, from: { ...from, digest: known ?? (await digestProject(ctx, from.path, lock)) } };
  });
  return lockOf(lock.wheels, await Promise.all(read));
}

/** Digest of the question that a lock answers: what was asked for, where, and for which kind of interpreter. */
function questionKey({ wants, files, archives }: Inputs, { interpreter, installed }: Target): Digest {
  const { machine, libc, freeThreaded, version } = interpreter;
  return keyOf({
    packages: [...wants.packages, ...(wants.untaggedPackages ?? [])],
    ...optionsKey(wants),
    files: [...files, ...archives].map((one) => one.digest),
    indexes: [wants.pipIndex ?? '', ...wants.pipExtraIndexUrls].map((url) => url && redactUrl(url)),
    target: { python: minorVersion(version), machine, libc: { ...libc }, freeThreaded },
    ...(installed.length > 0 && { installed: installed.map((one) => `${one.name}==${one.version}`).sort() }),
  });
}

/** Nothing where nothing is said, so that locks of before still fit. */
function optionsKey({ extras = [], groups = [], options }: Wants): Readonly<Record<string, Json>> {
  const { resolver = [], noBinary = [], onlyBinary = [], requireHashes = false, left } = options ?? {};
  const lists = { extras, groups, resolver, noBinary, onlyBinary, left: [...(left?.names ?? [])] };
  return {
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
    ...(left && left.folders !== 'none' && { leftFolders: left.folders }),
    ...(requireHashes && { requireHashes }),
    ...(options?.findLinks.length ? { findLinks: options.findLinks.map((url) => redactUrl(url)) } : {}),
    // Their contents are among the files.
    ...(options?.constraints.length ? { constraints: options.constraints.length } : {}),
    ...(options?.overrides.length ? { overrides: options.overrides.length } : {}),
  };
}

async function ask(
  ctx: Context,
  { interpreter, installed }: Target,
  job: Job,
  { wants, indexes }: Inputs,
  { uv, hooks }: LockTools,
) {
  const { options, services } = job;
  const { cache, environment } = services;
  const { resolve } = await import('../python/resolve.ts');
  const secrets = await job.secrets();
  const all = await withPipIndexes(wants, secrets);
  const resolved = cache.scratch((scratch) =>
    cache.scratch(async (home) =>
      resolve(ctx, all, interpreter, {
        uv,
        scratch,
        env: {
          ...(await uvVariables(ctx, secrets, environment, home)),
          ...uvLogins(indexes, environment.variables),
        },
        offline: options.offline ?? false,
        cacheFolder: join(cache.root, 'uv'),
        hooks,
        installed,
      }),
    ),
  );
  return resolved.catch((error: unknown) => {
    throw redactError(error, secrets);
  });
}

/** uv is looked for once, and only if a platform needs it. */
export function uvFinder(ctx: Context, { options, services, secrets }: Job, { wants }: Inputs): () => Promise<string> {
  const { cache, environment, http } = services;
  const find = async (): Promise<string> => {
    const { findUv } = await import('../python/uv.ts');
    const { variables: env } = environment;
    const { pipIndex } = await withPipIndexes(wants, await secrets());
    return findUv(ctx, { cache, env, offline: options.offline ?? false, http, pipIndex });
  };
  let found: Promise<string> | undefined;
  return () => (found ??= find());
}

export function lockWouldChange(platform: string, known: boolean, { loaded }: Job): ImageSpecError {
  const why = known ? `does not fit the requirements for ${platform} any more` : `knows nothing of ${platform}`;
  return new ImageSpecError('LOCK_CHANGED', `The lock of ${loaded.file ?? 'this spec'} ${why}`, {
    hint: 'Build once without --frozen and commit the lock file.',
    facts: { platform },
  });
}
