// One platform of an image: base → packages, user and files → layers → image.
import type { Image, Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { keyOf } from '../core/json.ts';
import type { Entry } from '../filesystem/entry.ts';
import { createTree } from '../filesystem/stage.ts';
import { LAYER_FORMAT } from '../layer/format.ts';
import type { ImageSpec } from '../spec/spec.ts';
import type { LocalCache } from '../store/cache.ts';
import type { Identity } from './assemble.ts';
import { assembleImage, imageAnnotations } from './assemble.ts';
import { FILES_ROOT, fileLayers } from './files.ts';
import type { LayerTools, MadeLayer, OutlinedLayer, WantedLayer } from './make-layers.ts';
import { makeLayers } from './make-layers.ts';
import type { PackagesInput } from './packages.ts';
import { ENVIRONMENT_ROOT, outlinePackages, packageLayers } from './packages.ts';
import type { Inputs } from './inputs.ts';
import type { Job } from './job.ts';
import { epochOf } from './job.ts';
import type { PreparedPlatform } from './prepare.ts';
import { userEntries } from './user.ts';
import type { WheelShelf } from './wheels.ts';

export interface PlatformInput {
  readonly spec: ImageSpec;
  /** flytekit's id of the spec, for `_F_IMG_ID`. */
  readonly specId: string;
  readonly platform: PreparedPlatform;
  readonly copies: readonly Entry[];
  readonly cache: LocalCache;
  readonly shelf: WheelShelf;
  readonly ignoreKnown: boolean;
  /** Seconds since the epoch, for `created` and generated files. */
  readonly epoch: number;
}

export function platformInput(job: Job, inputs: Inputs, platform: PreparedPlatform, shelf: WheelShelf): PlatformInput {
  return {
    spec: job.loaded.spec,
    specId: job.request.specId,
    platform,
    copies: inputs.copies,
    cache: job.services.cache,
    shelf,
    ignoreKnown: job.options.cache === false,
    epoch: epochOf(job),
  };
}

/** The layers this platform needs above its base, lowest first, slow-changing before fast-changing. */
async function wantedLayers(ctx: Context, input: PlatformInput, onStage: () => void): Promise<WantedLayer[]> {
  const environment = packagesInput(ctx, input);
  const [debian, packages, copied] = await Promise.all([
    input.platform.debian?.layers(ctx, onStage) ?? [],
    environment ? packageLayers(ctx, { ...environment, onStage }) : [],
    copiedLayers(ctx, input),
  ]);
  return [...debian, userLayer(ctx, input), ...packages, ...copied];
}

/** The same, but nothing is fetched for it. */
export async function outlinedLayers(ctx: Context, input: PlatformInput): Promise<OutlinedLayer[]> {
  const environment = packagesInput(ctx, input);
  const [debian, packages, copied] = await Promise.all([
    input.platform.debian?.outline(ctx) ?? [],
    environment ? outlinePackages(environment) : [],
    copiedLayers(ctx, input),
  ]);
  return [...debian, userLayer(ctx, input), ...packages, ...copied];
}

function packagesInput(
  ctx: Context,
  { cache, ignoreKnown, shelf, platform }: PlatformInput,
): PackagesInput | undefined {
  const { reader, details, lock } = platform;
  const { interpreter } = details;
  const wheels = (): Promise<ReadonlyMap<Digest, string>> => shelf.fetch(ctx, lock?.wheels ?? []);
  return lock && interpreter ? { reader, interpreter, lock, cache, wheels, ignoreKnown } : undefined;
}

function copiedLayers(ctx: Context, { copies, epoch, platform, spec }: PlatformInput): Promise<WantedLayer[]> {
  const { reader, details } = platform;
  return fileLayers(ctx, { copies, reader, user: details.user, names: spec.copy ?? [], epoch });
}

function userLayer(ctx: Context, { platform, epoch }: PlatformInput): WantedLayer {
  const { reader, details } = platform;
  const entries = async (): Promise<readonly Entry[]> => {
    const facts = await reader.facts(ctx);
    const tree = createTree(facts);
    tree.add(userEntries(facts, epoch).entries, 'user');
    return tree.layerEntries(['user']);
  };
  const key = keyOf({ format: LAYER_FORMAT, kind: 'user', base: reader.base.key, epoch });
  return { kind: 'user', content: `user ${details.user.name}`, key, size: 0, entries };
}

export interface PlatformImage {
  readonly image: Image;
  readonly layers: readonly MadeLayer[];
}

export async function buildPlatform(
  ctx: Context,
  input: PlatformInput,
  tools: LayerTools,
  baseLayers: readonly Layer[],
  identity: Identity,
): Promise<PlatformImage> {
  const { spec, epoch } = input;
  const { reader, details, lock } = input.platform;
  const layers = await makeLayers(ctx, await wantedLayers(ctx, input, tools.packer.prepare), tools);
  const env: [string, string][] = [['PYTHONPATH', FILES_ROOT], ...(spec.env ?? []), ['_F_IMG_ID', input.specId]];
  const image = assembleImage({
    base: reader.base,
    platform: reader.base.platform,
    baseLayers,
    layers,
    run: {
      programs: lock ? `${ENVIRONMENT_ROOT}/bin` : undefined,
      env,
      user: details.user.name,
      workingDirectory: FILES_ROOT,
      entrypoint: spec.entrypoint,
    },
    created: new Date(epoch * 1000).toISOString().replace('.000Z', 'Z'),
    annotations: imageAnnotations(reader.base, identity),
  });
  return { image, layers };
}
