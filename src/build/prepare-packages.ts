// The Python packages of one platform, as wheels: resolved or taken from the lock, and what is only there as source built.
import type { Context } from '../core/context.ts';
import type { Interpreter } from '../python/interpreter.ts';
import type { Lock } from '../python/lock.ts';
import { lockOf } from '../python/lock.ts';
import type { InstalledPackage } from '../python/replaced.ts';
import type { Base, BaseReader } from './base.ts';
import type { DebianBase } from './debian-base.ts';
import type { BroughtPython } from './managed-python.ts';
import { groundLayers } from './ground-layers.ts';
import { epochOf } from './job.ts';
import { uvVariables, withPipIndexes } from './pip-access.ts';
import { lockFileOf } from '../spec/own-files.ts';
import type { PlatformLocks } from './locks.ts';
import { lockPython } from './locks.ts';
import type { Round } from './prepare.ts';
import { variablesOf } from './run-config.ts';
import type { Ground } from './run-over.ts';
import { groundOf } from './run-over.ts';
import { requireRunnable } from './sandbox.ts';
import { redactError } from './secret-texts.ts';
import { hookRunner } from './source-hooks.ts';
import { buildSources, supposeSources } from './sources.ts';
import { indexOpener } from './wheels.ts';

interface PackagesRequest {
  /** Platform: `linux/amd64`. */
  readonly name: string;
  readonly interpreter: Interpreter;
  /** Of the base's environment, for this interpreter. */
  readonly installed: readonly InstalledPackage[];
  /** Without the Debian packages. */
  readonly plain: Base;
  readonly reader: BaseReader;
  readonly debian: DebianBase | undefined;
  readonly brought: BroughtPython | undefined;
}

type PreparedPackages = NonNullable<PlatformLocks['python']> & {
  /** The lock with wheels in place of sources. */
  readonly built: Lock;
};

/** Throws what resolving throws, `PLATFORM_FOREIGN` for sources that cannot be built here, and what building throws. */
export async function preparePackages(
  ctx: Context,
  { name, interpreter, installed, plain, reader, debian, brought }: PackagesRequest,
  { job, inputs, kept, purpose, runs }: Round,
): Promise<PreparedPackages> {
  const { services, loaded, options } = job;
  const { environment, cache } = services;
  const canBuild = (): Promise<void> =>
    requireRunnable(plain.platform, environment, 'What builds packages without wheels');
  const groundOnce = async (): Promise<Ground> => {
    await canBuild();
    const packages = (await debian?.layers(ctx, () => undefined)) ?? [];
    const layers = brought ? [...packages, brought.layer(ctx)] : packages;
    return groundOf(ctx, await groundLayers(ctx, { job, runs, base: plain }, layers), runs);
  };
  let ground: Promise<Ground> | undefined;
  const env = variablesOf(plain.image?.config.config, [...(loaded.spec.env ?? [])]);
  const epoch = epochOf(job);
  const hooks = hookRunner({ ground: () => (ground ??= groundOnce()), env, epoch });
  const locked = await lockPython(ctx, { name, interpreter, installed }, job, inputs, kept, {
    uv: runs.uv,
    hooks,
  });
  const { wheels, sources } = locked.lock;
  if (sources.length === 0) return { ...locked, built: locked.lock };
  await canBuild();
  const secrets = await job.secrets();
  const input = {
    sources,
    base: reader.base,
    interpreter,
    env,
    epoch,
    hooks,
    cache,
    open: indexOpener(job, inputs),
    uv: runs.uv,
    variables: async (home: string) => {
      const { indexVariables } = await import('../python/call-uv.ts');
      const variables = await uvVariables(ctx, secrets, environment, home);
      return indexVariables(await withPipIndexes(inputs.wants, secrets), variables);
    },
    lockFile: loaded.file && lockFileOf(loaded.file),
    offline: options.offline ?? false,
    ignoreKnown: options.cache === false,
  };
  const making = purpose === 'plan' ? supposeSources(input) : buildSources(ctx, input);
  const made = await making.catch((error: unknown) => {
    throw redactError(error, secrets);
  });
  return { ...locked, built: lockOf([...wheels, ...made]) };
}
