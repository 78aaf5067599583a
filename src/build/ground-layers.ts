// The layers that programs of the target need before there is an image: those of its base, of its Debian packages and of an interpreter that is brought.
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { createPacker } from '../layer/packer.ts';
import type { Base } from './base.ts';
import type { Job } from './job.ts';
import { contentFinder } from './job.ts';
import type { SourceFinder } from './layer-record.ts';
import type { WantedLayer } from './make-layers.ts';
import { makeLayers } from './make-layers.ts';
import type { RunTools } from './run-over.ts';

/** Those of Debian packages are made now, and found again when the image is made. @param wanted without the base's */
export async function groundLayers(
  ctx: Context,
  { job, runs, base }: { readonly job: Job; readonly runs: RunTools; readonly base: Base },
  wanted: readonly WantedLayer[],
): Promise<readonly Layer[]> {
  const { services, options, pool, debs, pythons } = job;
  const { cache } = services;
  const findContent = contentFinder(job);
  const find: SourceFinder = async (inner, digest) => {
    const file = (await cache.find(digest)) ?? (await findContent(inner, digest));
    if (file === undefined) throw new Error(`nobody knows the source ${digest} of a layer`);
    return file;
  };
  const made = await makeLayers(ctx, wanted, {
    cache,
    packer: createPacker(ctx, { pool, startsThreads: false }),
    ignoreKnown: options.cache === false,
    find,
    digests: [debs.digests, pythons.digests],
    once: runs.once,
    // They are sent with all others.
    onReady: () => undefined,
  });
  const below = (base.image?.layers ?? []).map((layer) => ({ ...layer, title: 'base image' }));
  return [...below, ...made.map(({ layer }) => layer)];
}
