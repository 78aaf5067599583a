// The layers that programs of the target need before there is an image: those of its base and of its Debian packages.
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { Once } from '../core/once.ts';
import { createPacker } from '../layer/packer.ts';
import type { Base } from './base.ts';
import type { DebianBase } from './debian-base.ts';
import type { Job } from './job.ts';
import type { LayerRecord } from './layer-record.ts';
import { makeLayers } from './make-layers.ts';
import { accessFinder } from './pip-access.ts';
import { createShelf } from './wheels.ts';
import type { Inputs } from './inputs.ts';

/** Those of Debian packages are made now, and found again by their keys when the image is made. */
export async function groundLayers(
  ctx: Context,
  job: Job,
  inputs: Inputs,
  base: Base,
  debian: DebianBase | undefined,
): Promise<readonly Layer[]> {
  const below = (base.image?.layers ?? []).map((layer) => ({ ...layer, title: 'base image' }));
  if (!debian) return below;
  const indexes = { ...inputs, access: accessFinder(job) };
  const packer = createPacker(ctx, { pool: job.pool, startsThreads: false });
  const made = await makeLayers(ctx, await debian.layers(ctx, packer.prepare), {
    cache: job.services.cache,
    packer,
    ignoreKnown: false,
    find: createShelf(indexes, [], job.services, job.options.offline ?? false, job.debs.find).find,
    digests: [job.debs.digests],
    once: new Once<Digest, LayerRecord>(),
    onReady: () => undefined,
  });
  return [...below, ...made.map(({ layer }) => layer)];
}
