// `--plan`: what a build would do, computed without packing or sending anything.
import type { Context } from '../core/context.ts';
import { runTools } from './run-tools.ts';
import type { Job } from './job.ts';
import { contentFinder, epochOf } from './job.ts';
import { readInputs, strictKey } from './inputs.ts';
import { readLayerRecord } from './layer-record.ts';
import { printPlatform } from '../oci/platform.ts';
import type { OutlinedLayer } from './make-layers.ts';
import { outlinedLayers, platformInput } from './platform-build.ts';
import type { PreparedPlatform } from './prepare.ts';
import { prepare } from './prepare.ts';
import type { PlannedLayer, PlannedPlatform, PlanResult } from './result.ts';
import { createShelf, indexOpener } from './wheels.ts';

/** @param exists whether the image is at its registry; undefined when it was not asked */
export async function planImage(ctx: Context, job: Job, exists: boolean | undefined): Promise<PlanResult> {
  const { request, options, services, loaded } = job;
  const inputs = await readInputs(ctx, loaded, epochOf(job));
  return services.cache.scratch(async (scratch) => {
    const runs = runTools(ctx, job, inputs, scratch);
    const prepared = await prepare(ctx, job, inputs, 'plan', runs);
    const wheels = prepared.platforms.flatMap(({ lock }) => lock?.wheels ?? []);
    const shelf = createShelf(indexOpener(job, inputs), wheels, services, options.offline ?? false, contentFinder(job));
    const platforms: PlannedPlatform[] = [];
    for (const platform of prepared.platforms) {
      const outlined = await outlinedLayers(ctx, platformInput(job, inputs, platform, shelf, runs));
      const certain = platform.isSupposed
        ? outlined.map(({ kind, content, size }) => ({ kind, content, size }))
        : outlined;
      const layers = await Promise.all(certain.map((layer) => plannedLayer(layer, job)));
      platforms.push(plannedPlatform(platform, layers));
    }
    return {
      name: loaded.spec.name,
      reference: request.imageName,
      exists,
      strictKey: strictKey(inputs.digest, prepared.bases.rootDigest, prepared.locks.digest),
      platforms,
      outputs: request.outputs.map((output) => output.text),
    };
  });
}

/** The plan of an image upon one that is planned too: what is on it is known when that is built. */
export function planUpon({ request, loaded }: Job, base: PlanResult, exists: boolean | undefined): PlanResult {
  return {
    name: loaded.spec.name,
    reference: request.imageName,
    exists,
    platforms: request.platforms.map((platform) => ({
      platform: printPlatform(platform),
      base: base.reference,
      packages: [],
      layers: [],
    })),
    outputs: request.outputs.map((output) => output.text),
  };
}

async function plannedLayer(
  { kind, content, key, size }: OutlinedLayer,
  { services, options }: Job,
): Promise<PlannedLayer> {
  const known = key && options.cache !== false ? await readLayerRecord(services.cache, key) : undefined;
  if (!known) return { kind, content, key, action: 'pack', size };
  return { kind, content, key, action: 'reuse', size: known.size, digest: known.digest };
}

function plannedPlatform(
  { name, reader, details, origin, lock }: PreparedPlatform,
  made: readonly PlannedLayer[],
): PlannedPlatform {
  const base = (reader.base.image?.layers ?? []).map(({ descriptor: { digest, size } }): PlannedLayer => ({
    kind: 'base',
    content: 'base image',
    action: 'base',
    size,
    digest,
  }));
  return {
    platform: name,
    base: reader.base.name,
    python: details.interpreter?.version,
    pythonOrigin: origin,
    packages: (lock?.wheels ?? []).map((wheel) => `${wheel.name}==${wheel.version}`),
    layers: [...base, ...made],
  };
}
