// Which distributions each platform gets: from the lock file as long as it answers the same question, else resolved anew.
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import { step, together } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { keyOf } from '../core/json.ts';
import { redactUrl } from '../core/redact.ts';
import type { Interpreter } from '../python/interpreter.ts';
import { minorVersion } from '../python/interpreter.ts';
import type { Lock } from '../python/lock.ts';
import { lockOf } from '../python/lock.ts';
import type { LockFile } from './lock-file.ts';
import { EMPTY_LOCK_FILE, lockFileOf, readLockFile, withoutCredentials } from './lock-file.ts';
import type { Inputs } from './inputs.ts';
import { wantsLockFile } from './inputs.ts';
import type { Job } from './job.ts';

export interface Target {
  /** Platform: `linux/amd64`. */
  readonly name: string;
  readonly interpreter: Interpreter;
}

export interface Locks {
  readonly byPlatform: ReadonlyMap<string, Lock>;
  /** Of all platforms together. */
  readonly digest: Digest;
  /** Where the lock is kept; undefined when there is nothing to lock or to keep, or the spec is not a file. */
  readonly file: string | undefined;
  /** The lock file's content as it should be now. */
  readonly content: LockFile;
  readonly changed: boolean;
}

export async function resolveLocks(ctx: Context, targets: readonly Target[], job: Job, inputs: Inputs): Promise<Locks> {
  const specFile = job.loaded.file;
  const isKept = targets.length > 0 && wantsLockFile(inputs.wants);
  const file = specFile === undefined || !isKept ? undefined : lockFileOf(specFile);
  const before = file === undefined ? EMPTY_LOCK_FILE : await readLockFile(file);
  const uv = uvFinder(ctx, job, inputs);
  const answers = await together(
    ctx,
    targets.map((target) => (inner) => answer(inner, target, job, inputs, before, uv)),
  );
  const byPlatform = new Map(answers.map(({ name, lock }) => [name, lock]));
  const platforms = { ...before.platforms };
  for (const { name, question, lock, python } of answers) {
    platforms[name] = { inputs: question, python, wheels: lock.wheels.map(withoutCredentials) };
  }
  const digest = keyOf(Object.fromEntries([...byPlatform].map(([name, lock]) => [name, lock.digest])));
  const changed = answers.some((one) => one.fresh);
  return { byPlatform, digest, file, content: { version: 1, platforms }, changed };
}

async function answer(
  ctx: Context,
  { name, interpreter }: Target,
  job: Job,
  inputs: Inputs,
  before: LockFile,
  uv: () => Promise<string>,
) {
  const question = questionKey(inputs, interpreter);
  const python = minorVersion(interpreter.version);
  const known = before.platforms[name];
  if (known?.inputs === question) return { name, question, python, lock: lockOf(known.wheels), fresh: false };
  if (job.options.frozen && wantsLockFile(inputs.wants))
    throw lockWouldChange(name, known !== undefined, job.loaded.file);
  const lock = await step(ctx, { step: 'resolve', subject: name }, () => ask(ctx, interpreter, job, inputs, uv));
  return { name, question, python, lock, fresh: true };
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

async function ask(ctx: Context, interpreter: Interpreter, job: Job, { wants }: Inputs, uv: () => Promise<string>) {
  const { options, services } = job;
  const { cache, environment } = services;
  const { resolve } = await import('../python/resolve.ts');
  return cache.scratch((scratch) =>
    resolve(ctx, wants, interpreter, {
      uv,
      scratch,
      env: environment.variables,
      offline: options.offline ?? false,
      cacheFolder: join(cache.root, 'uv'),
    }),
  );
}

/** uv is looked for once, and only if a platform needs it. */
function uvFinder(ctx: Context, { options, services }: Job, { wants }: Inputs): () => Promise<string> {
  const { cache, environment, http } = services;
  const find = async (): Promise<string> => {
    const { findUv } = await import('../python/uv.ts');
    const { variables: env } = environment;
    return findUv(ctx, { cache, env, offline: options.offline ?? false, http, pipIndex: wants.pipIndex });
  };
  let found: Promise<string> | undefined;
  return () => (found ??= find());
}

function lockWouldChange(platform: string, known: boolean, specFile: string | undefined): ImageSpecError {
  const why = known ? `does not fit the requirements for ${platform} any more` : `knows nothing of ${platform}`;
  return new ImageSpecError('LOCK_CHANGED', `The lock of ${specFile ?? 'this spec'} ${why}`, {
    hint: 'Build once without --frozen and commit the lock file.',
    facts: { platform },
  });
}
