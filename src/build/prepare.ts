// Everything that must be known before the first layer is packed: base, user, interpreter and lock of every platform.
import type { Context } from '../core/context.ts';
import { together } from '../core/context.ts';
import { printPlatform } from '../oci/platform.ts';
import type { Lock } from '../python/lock.ts';
import type { BaseDetails, BaseReader } from './base.ts';
import { readBase } from './base.ts';
import type { Bases } from './bases.ts';
import { resolveBases } from './bases.ts';
import type { Inputs } from './inputs.ts';
import { wantsPackages } from './inputs.ts';
import type { Job } from './job.ts';
import type { Locks } from './locks.ts';
import { resolveLocks } from './locks.ts';

export interface PreparedPlatform {
  /** `linux/amd64` */
  readonly name: string;
  readonly reader: BaseReader;
  readonly details: BaseDetails;
  /** Absent when the spec wants no packages. */
  readonly lock: Lock | undefined;
}

export interface Preparation {
  readonly bases: Bases;
  readonly platforms: readonly PreparedPlatform[];
  readonly locks: Locks;
}

export async function prepare(ctx: Context, job: Job, inputs: Inputs): Promise<Preparation> {
  const { services, loaded } = job;
  const bases = await resolveBases(ctx, job);
  const questions = { wantsPython: wantsPackages(inputs.wants), pythonVersion: loaded.spec.pythonVersion };
  const found = await together(
    ctx,
    bases.list.map((base) => async (inner) => {
      const reader = readBase(base, questions, services.cache);
      return { name: printPlatform(base.platform), reader, details: await reader.details(inner) };
    }),
  );
  const targets = found.flatMap(({ name, details: { interpreter } }) => (interpreter ? [{ name, interpreter }] : []));
  const locks = await resolveLocks(ctx, targets, job, inputs);
  return { bases, platforms: found.map((one) => ({ ...one, lock: locks.byPlatform.get(one.name) })), locks };
}
