// Runs one program in an image, by the maker of sandboxes that the host has; what it changed comes back as a tar.
import type { Context } from '../core/context.ts';
import { abortedError } from '../core/context.ts';
import type { LocalCache } from '../store/cache.ts';
import type { SandboxHost } from './namespace.ts';
import { unavailable } from './namespace.ts';
import { removeFolder } from './remove.ts';
import { runInNamespaces } from './run-namespaces.ts';
import type { RunRequest } from './run-request.ts';

/**
 * The exit status of the program; 128 + signal when it was ended by one. Nothing of the run is left behind, whatever happens.
 * Throws `ABORTED`, `SANDBOX_UNAVAILABLE`, `DISK_FULL`, `PATH_CONFLICT` for mounts, and what `changes` throws.
 */
export async function runInSandbox(
  ctx: Context,
  host: SandboxHost,
  cache: LocalCache,
  request: RunRequest,
): Promise<number> {
  return cache.scratch(async (work) => {
    try {
      const { status, said } =
        host.maker === 'chroot'
          ? await (await import('./run-chroot.ts')).runByChroot(ctx, host, cache, work, request)
          : await runInNamespaces(ctx, host, work, request);
      if (ctx.signal.aborted) throw abortedError(ctx.signal.reason);
      if (status === undefined) throw unavailable(host, said || 'its root could not be prepared');
      return status;
    } catch (error) {
      // Whatever breaks when everything is ended.
      throw ctx.signal.aborted ? abortedError(ctx.signal.reason) : error;
    } finally {
      await removeFolder(host, work);
    }
  });
}
