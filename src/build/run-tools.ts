// What programs of the image are run with while it is built, and whether this host can run them at all: asked before anything is downloaded.
import type { Context } from '../core/context.ts';
import type { SandboxHost } from '../sandbox/namespace.ts';
import type { Inputs } from './inputs.ts';
import type { Job } from './job.ts';
import { uvFinder } from './locks.ts';
import type { RunTools } from './run-over.ts';
import { openSandbox, requireRunnable, warnOfChroot } from './sandbox.ts';

export function runTools(ctx: Context, job: Job, inputs: Inputs, scratch: string): RunTools {
  const { cache, environment } = job.services;
  let host: Promise<SandboxHost> | undefined;
  const { processors, uniqueName } = environment;
  return {
    cache,
    scratch,
    secrets: job.secrets,
    processors,
    uniqueName,
    once: job.made,
    host: () =>
      (host ??= openSandbox(environment).then((found) => {
        warnOfChroot(ctx, found);
        return found;
      })),
    uv: uvFinder(ctx, job, inputs),
  };
}

/** Throws `PLATFORM_FOREIGN`, `SANDBOX_UNAVAILABLE`. */
export async function requireRuns({ loaded, request, services }: Job): Promise<void> {
  const { commands = [], compile = false } = loaded.spec;
  if (commands.length === 0 && !compile) return;
  const { environment } = services;
  for (const platform of request.platforms)
    await requireRunnable(
      platform,
      environment,
      commands.length > 0 ? 'The commands of the spec' : 'The compiler for `compile`',
    );
  await openSandbox(environment);
}
