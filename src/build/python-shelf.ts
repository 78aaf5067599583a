// The interpreters that a build brings: fetched and unpacked when a layer of theirs is not known, and found again by what layers refer to.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { Once } from '../core/once.ts';
import type { WorkPool } from '../layer/work-pool.ts';
import type { LockedPython } from '../python/managed.ts';
import type { OpenedPython } from '../python/open-python.ts';
import type { Services } from './services.ts';
import type { UrlOpener } from './wheels.ts';

export interface PythonShelf {
  /** @param openUrl with the credentials of this build */
  readonly open: (ctx: Context, python: LockedPython, openUrl: UrlOpener) => Promise<OpenedPython>;
  /** Tells of one that layers of this build may refer to. */
  readonly add: (python: LockedPython, openUrl: UrlOpener) => void;
  /** Host path of contents that the cache has lost, by unpacking them again; undefined when they are of none that was added. */
  readonly find: (ctx: Context, digest: Digest) => Promise<string | undefined>;
  /** Digests of all contents that are here, by host path. */
  readonly digests: ReadonlyMap<string, Digest>;
}

export function createPythonShelf(services: Services, offline: boolean, pool: WorkPool): PythonShelf {
  const { cache, environment } = services;
  const mirror = environment.variables['UV_PYTHON_INSTALL_MIRROR'];
  const digests = new Map<string, Digest>();
  const known = new Map<Digest, { readonly python: LockedPython; readonly openUrl: UrlOpener }>();
  const opened = new Once<Digest, OpenedPython>();
  const openNow = async (ctx: Context, python: LockedPython, openUrl: UrlOpener): Promise<OpenedPython> => {
    const { openPython } = await import('../python/open-python.ts');
    const result = await openPython(ctx, python, { cache, pool, offline, mirror, open: openUrl });
    if (result.content) digests.set(result.content.file, result.content.digest);
    return result;
  };
  // Two platforms want two archives; one platform wants its own for sources, bytecode and the layer itself.
  const open: PythonShelf['open'] = (ctx, python, openUrl) =>
    opened.share(ctx, python.digest, () => openNow(ctx, python, openUrl));
  const find: PythonShelf['find'] = async (ctx, digest) => {
    for (const { python, openUrl } of known.values()) {
      const { content } = await openNow(ctx, python, openUrl);
      if (content?.digest === digest) return content.file;
    }
    return undefined;
  };
  const add: PythonShelf['add'] = (python, openUrl) => void known.set(python.digest, { python, openUrl });
  return { open, add, find, digests };
}
