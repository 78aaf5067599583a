// Everything that must be known before the first layer is packed: base, Debian packages, user, interpreter and lock of every platform.
import type { Context } from '../core/context.ts';
import { together } from '../core/context.ts';
import { printPlatform } from '../oci/platform.ts';
import type { Lock } from '../python/lock.ts';
import type { Base, BaseDetails, BaseReader } from './base.ts';
import { readBase } from './base.ts';
import type { Bases } from './bases.ts';
import { resolveBases } from './bases.ts';
import { addDebian } from './add-debian.ts';
import type { DebianBase } from './debian-base.ts';
import type { Inputs } from './inputs.ts';
import { wantsPackages } from './inputs.ts';
import type { Job } from './job.ts';
import type { KeptLock, Locks, PlatformLocks } from './locks.ts';
import { combineLocks, readKeptLock } from './locks.ts';
import { preparePackages } from './prepare-packages.ts';
import type { RunTools } from './run-over.ts';
import { USUAL_USER } from './user.ts';

export interface PreparedPlatform {
  /** `linux/amd64` */
  readonly name: string;
  /** The base as all later steps see it: with the Debian packages. */
  readonly reader: BaseReader;
  readonly details: BaseDetails;
  /** What a plan supposes of a base whose packages were never opened: keys that are made of it mean nothing. */
  readonly isSupposed: boolean;
  readonly debian: DebianBase | undefined;
  /** Absent when the spec wants no packages. */
  readonly lock: Lock | undefined;
}

export interface Preparation {
  readonly bases: Bases;
  readonly platforms: readonly PreparedPlatform[];
  readonly locks: Locks;
}

/** @param purpose for a plan, packages are opened only where nothing can be said without (docs/decisions/0007) */
export async function prepare(
  ctx: Context,
  job: Job,
  inputs: Inputs,
  purpose: 'build' | 'plan',
  runs: RunTools,
): Promise<Preparation> {
  const [bases, kept] = await Promise.all([resolveBases(ctx, job), readKeptLock(job, inputs)]);
  const prepared = await together(
    ctx,
    bases.list.map((base) => (inner) => preparePlatform(inner, base, { job, inputs, kept, purpose, runs })),
  );
  const locks = combineLocks(
    kept,
    inputs,
    prepared.map((one) => one.locks),
  );
  return { bases, platforms: prepared.map((one) => one.platform), locks };
}

interface Prepared {
  readonly platform: PreparedPlatform;
  readonly locks: PlatformLocks;
}

/** What all platforms of one build have in common. */
export interface Round {
  readonly job: Job;
  readonly inputs: Inputs;
  readonly kept: KeptLock;
  readonly purpose: 'build' | 'plan';
  readonly runs: RunTools;
}

async function preparePlatform(ctx: Context, plain: Base, round: Round): Promise<Prepared> {
  const { job, inputs, kept, purpose, runs } = round;
  const name = printPlatform(plain.platform);
  const { cache } = job.services;
  const questions = {
    wantsPython: wantsPackages(inputs.wants) || (job.loaded.spec.compile ?? false),
    wantsDebian: inputs.debian !== undefined,
    pythonVersion: job.loaded.spec.pythonVersion,
  };
  const own = readBase(plain, questions, cache);
  const added =
    inputs.debian &&
    (await addDebian(ctx, {
      job,
      wants: inputs.debian,
      reader: own,
      name,
      kept,
      runs: purpose === 'build' ? runs : undefined,
    }));
  const reader = added ? readBase(added.base.base, questions, cache, added.base.facts, added.base.isWhole) : own;
  const known = await reader.knownDetails();
  const isGuessed = !known && added !== undefined && purpose === 'plan' && !questions.wantsPython;
  const details = known ?? (isGuessed ? { user: USUAL_USER, interpreter: undefined } : await reader.details(ctx));
  // Only now is it known what the packages leave to do.
  const isSupposed = isGuessed || added?.base.isWhole() === false;
  const { interpreter } = details;
  const python =
    interpreter && wantsPackages(inputs.wants)
      ? await preparePackages(ctx, { name, interpreter, plain, reader, debian: added?.base }, round)
      : undefined;
  return {
    platform: { name, reader, details, isSupposed, debian: added?.base, lock: python?.built },
    locks: { name, python, debian: added?.answer },
  };
}
