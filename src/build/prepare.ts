// Everything that must be known before the first layer is packed: base, Debian packages, user, interpreter and lock of every platform.
import type { Context } from '../core/context.ts';
import { together } from '../core/context.ts';
import { printPlatform } from '../oci/platform.ts';
import type { Lock } from '../python/lock.ts';
import { lockOf } from '../python/lock.ts';
import { installedFor } from '../python/replaced.ts';
import { ENVIRONMENT_ROOT, venvLayout } from '../python/venv.ts';
import type { Base, BaseDetails, BaseReader } from './base.ts';
import type { Bases } from './bases.ts';
import { resolveBases } from './bases.ts';
import type { DebianBase } from './debian-base.ts';
import type { Inputs } from './inputs.ts';
import { wantsPackages, wantsPython } from './inputs.ts';
import type { Job } from './job.ts';
import type { KeptLock, Locks, PlatformLocks } from './locks.ts';
import { combineLocks, readKeptLock } from './locks.ts';
import type { BroughtPython } from './managed-python.ts';
import { bringPython } from './managed-python.ts';
import type { PreparedBase } from './prepare-base.ts';
import { prepareBase } from './prepare-base.ts';
import { preparePackages } from './prepare-packages.ts';
import type { PythonOrigin } from './result.ts';
import { pipWarnings } from './runtime-packages.ts';
import type { RunTools } from './run-over.ts';
import { indexOpener } from './wheels.ts';

export interface PreparedPlatform {
  /** `linux/amd64` */
  readonly name: string;
  /** The base as all later steps see it: with the Debian packages, and under a key that stands for a brought interpreter too. */
  readonly reader: BaseReader;
  /** With the interpreter, wherever it is from. */
  readonly details: BaseDetails;
  /** What a plan supposes of a base whose packages were never opened: keys that are made of it mean nothing. */
  readonly isSupposed: boolean;
  readonly debian: DebianBase | undefined;
  readonly brought: BroughtPython | undefined;
  /** Where the interpreter is from and why, if not from the base. */
  readonly origin: PythonOrigin | undefined;
  /** Absent when the image gets no environment. */
  readonly lock: Lock | undefined;
  /** What people should know about the image. */
  readonly warnings: readonly string[];
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
  const { job, inputs, kept, runs } = round;
  const { spec } = job.loaded;
  const name = printPlatform(plain.platform);
  const prepared = await prepareBase(ctx, name, plain, round);
  const { reader: whole, debian, isSupposed } = prepared;
  const isLacking = wantsPython(spec, inputs.wants) && !prepared.details.interpreter;
  const asked = { name, reader: whole, details: prepared.details, job, kept, uv: runs.uv };
  const brought = isLacking ? await bringPython(ctx, { ...asked, openUrl: indexOpener(job, inputs) }) : undefined;
  const reader = brought?.reader ?? whole;
  const interpreter = brought?.interpreter ?? prepared.details.interpreter;
  const installed = interpreter
    ? installedFor(prepared.details.installed, venvLayout(interpreter, ENVIRONMENT_ROOT))
    : [];
  const origin = originOf(prepared, brought);
  const packages =
    interpreter && wantsPackages(inputs.wants)
      ? await preparePackages(ctx, { name, interpreter, installed, plain, reader, debian, brought }, round)
      : undefined;
  // An interpreter that was asked for by name is found on PATH even where nothing is installed for it.
  const isBare = interpreter !== undefined && (origin !== undefined || spec.pythonExec !== undefined);
  const lock = packages?.built ?? (isBare ? lockOf([]) : undefined);
  const details = { ...prepared.details, interpreter, installed };
  const lacksBundle = lock !== undefined && !isSupposed && !details.surroundings.hasCertificates;
  const seesSystem = spec.pythonExec !== undefined;
  const asksPip = spec.runtimePackages?.length && !isSupposed;
  const ofPip = asksPip ? await pipWarnings(ctx, { reader, lock, installed }, seesSystem) : [];
  const warnings = [...(lacksBundle ? [NO_BUNDLE] : []), ...ofPip];
  return {
    platform: { name, reader, details, isSupposed, debian, brought, origin, lock, warnings },
    locks: { name, python: packages, debian: prepared.answer, interpreter: brought?.answer },
  };
}

const NO_BUNDLE =
  'The image has no certificate authorities, so that its programs trust no server: ' +
  'name them under `apt_packages` (ca-certificates), or choose a base image that has some';

function originOf({ absence, hasAsked }: PreparedBase, brought: BroughtPython | undefined): PythonOrigin | undefined {
  if (absence === undefined) return undefined;
  if (!brought) return { from: 'debian', reason: absence };
  return { from: 'managed', reason: hasAsked ? `${absence}, and its package sources do not have it` : absence };
}
