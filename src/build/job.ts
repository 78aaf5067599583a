// One image to be built: what is wanted, where it goes, and what there is to work with.
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import type { Limit } from '../core/limit.ts';
import type { Once } from '../core/once.ts';
import type { WorkPool } from '../layer/work-pool.ts';
import type { LoadedSpec } from '../spec/load.ts';
import type { Transport } from '../store/transport.ts';
import type { DebShelf } from './debs.ts';
import { sourceDateEpoch } from './environment.ts';
import type { LayerRecord } from './layer-record.ts';
import type { PythonShelf } from './python-shelf.ts';
import type { BuildOptions, Request } from './request.ts';
import type { BuildSecrets } from './secrets.ts';
import type { Services } from './services.ts';

export interface Job {
  readonly loaded: LoadedSpec;
  readonly request: Request;
  readonly options: BuildOptions;
  readonly services: Services;
  /** Threads for all that takes long: unpacking packages, packing layers. */
  readonly pool: WorkPool;
  /** The Debian packages of this job. */
  readonly debs: DebShelf;
  /** Layers that were made in this call. */
  readonly made: Once<Digest, LayerRecord>;
  /** One at a time in this call, since its images may share a file. */
  readonly writesLock: Limit;
  /** The image that it stands on, where that was built before in the same call. */
  readonly base: Transport | undefined;
  /** The interpreters that it brings. */
  readonly pythons: PythonShelf;
  /** Read when they are asked for first: an image that is there already needs none. */
  readonly secrets: () => Promise<BuildSecrets>;
}

/** Seconds since the epoch for everything in the image that bears a time. */
export function epochOf({ services }: Job): number {
  return sourceDateEpoch(services.environment);
}

/** Host path of what layers are made of and is no wheel, where a package or interpreter of this job has it. */
export function contentFinder({ debs, pythons }: Pick<Job, 'debs' | 'pythons'>) {
  return async (ctx: Context, digest: Digest): Promise<string | undefined> =>
    (await pythons.find(ctx, digest)) ?? debs.find(ctx, digest);
}
