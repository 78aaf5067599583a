// What the commands of a build are run with, and whether this host can run them at all: asked before anything is downloaded.
import type { Context } from '../core/context.ts';
import type { SandboxHost } from '../sandbox/namespace.ts';
import type { CommandsTools } from './commands.ts';
import type { Inputs } from './inputs.ts';
import type { Job } from './job.ts';
import { uvFinder } from './locks.ts';
import { openSandbox, requireRunnable } from './sandbox.ts';

export function commandsTools(ctx: Context, job: Job, inputs: Inputs, scratch: string): CommandsTools {
  const { cache, environment } = job.services;
  let host: Promise<SandboxHost> | undefined;
  return { cache, scratch, host: () => (host ??= openSandbox(environment)), uv: uvFinder(ctx, job, inputs) };
}

/** Throws `PLATFORM_FOREIGN`, `SANDBOX_UNAVAILABLE`. */
export async function requireCommands(ctx: Context, { loaded, request, services }: Job): Promise<void> {
  if (!loaded.spec.commands?.length) return;
  const { environment } = services;
  for (const platform of request.platforms)
    await requireRunnable(ctx, platform, environment, 'The commands of the spec');
  await openSandbox(environment);
}
