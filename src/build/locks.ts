// Which distributions each platform gets: from the lock file as long as it answers the same question, else resolved anew.
import { join } from 'node:path';
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
import type { Lock } from '../python/lock.ts';
import { lockOf } from '../python/lock.ts';
import type { LockedPython } from '../python/managed.ts';
import { lockFileOf } from '../spec/own-files.ts';
import type { LockedPlatform, LockFile } from './lock-file.ts';
import { EMPTY_LOCK_FILE, readLockFile, withoutCredentials } from './lock-file.ts';
import type { Inputs } from './inputs.ts';
import { wantsLockFile, wantsPython } from './inputs.ts';
import type { Job } from './job.ts';
import { redactError } from './secret-texts.ts';
import { uvVariables, withPipIndexes } from './pip-access.ts';

export interface Target {
  /** Platform: `linux/amd64`. */
  readonly name: string;
  readonly interpreter: Interpreter;
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
      ...(python && isKept && pythonPart(python)),
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

function pythonPart({ question, version, lock }: NonNullable<PlatformLocks['python']>): LockedPlatform {
  const sources = lock.sources.map((one) => ({ ...one, from: withoutCredentials(one.from) }));
  return {
    inputs: question,
    python: version,
    wheels: lock.wheels.map(withoutCredentials),
    ...(sources.length > 0 && { sources }),
  };
}

export interface LockTools {
  readonly uv: () => Promise<string>;
  readonly hooks: HookRunner;
}

export async function lockPython(
  ctx: Context,
  { name, interpreter }: Target,
  job: Job,
  inputs: Inputs,
  before: KeptLock,
  tools: LockTools,
): Promise<NonNullable<PlatformLocks['python']>> {
  const question = questionKey(inputs, interpreter);
  const version = minorVersion(interpreter.version);
  const known = before.content.platforms[name];
  if (known?.wheels && known.inputs === question) {
    return { question, version, lock: lockOf(known.wheels, known.sources), fresh: false };
  }
  if (job.options.frozen && wantsLockFile(inputs.wants)) throw lockWouldChange(name, known !== undefined, job);
  const lock = await step(ctx, { step: 'resolve', subject: name }, () => ask(ctx, interpreter, job, inputs, tools));
  return { question, version, lock, fresh: true };
}

/** Digest of the question that a lock answers: what was asked for, where, and for which kind of interpreter. */
function questionKey({ wants, files }: Inputs, interpreter: Interpreter): Digest {
  const { machine, libc, freeThreaded, version } = interpreter;
  return keyOf({
    packages: wants.packages,
    files: files.map((one) => one.digest),
    indexes: [wants.pipIndex ?? '', ...wants.pipExtraIndexUrls].map((url) => url && redactUrl(url)),
    target: { python: minorVersion(version), machine, libc: { ...libc }, freeThreaded },
  });
}

async function ask(ctx: Context, interpreter: Interpreter, job: Job, { wants }: Inputs, { uv, hooks }: LockTools) {
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
        env: await uvVariables(ctx, secrets, environment, home),
        offline: options.offline ?? false,
        cacheFolder: join(cache.root, 'uv'),
        hooks,
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
