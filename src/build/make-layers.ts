// Layers by input key: what is known is reused, the rest is packed, several at once; each is handed on as soon as it is there.
import { join } from 'node:path';
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { step, together } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import type { Once } from '../core/once.ts';
import type { Entry } from '../filesystem/entry.ts';
import type { Packer } from '../layer/packer.ts';
import type { LocalCache } from '../store/cache.ts';
import type { LayerRecord, SourceFinder } from './layer-record.ts';
import { layerOf, readLayerRecord, toLayerRecord, writeLayerRecord } from './layer-record.ts';

export type LayerKind =
  'debian' | 'interpreter' | 'user' | 'environment' | 'packages' | 'bytecode' | 'sources' | 'files' | 'commands';

/** A layer as a plan sees it. */
export interface OutlinedLayer {
  readonly kind: LayerKind;
  /** What is in it, in a few words. */
  readonly content: string;
  readonly key?: Digest | undefined;
  /** Bytes to be packed, for the order of work and for plans. */
  readonly size: number;
}

/** A layer that is wanted, before anyone knows whether it must be made. */
export interface WantedLayer extends OutlinedLayer {
  readonly key: Digest;
  /** Called only when the layer is not known. */
  readonly entries: () => Promise<readonly Entry[]>;
}

export interface MadeLayer {
  readonly kind: LayerKind;
  readonly content: string;
  readonly key: Digest;
  readonly layer: Layer;
  readonly origin: 'built' | 'reused';
}

export interface LayerTools {
  readonly cache: LocalCache;
  readonly packer: Packer;
  /** `--no-cache`: make every layer anew. */
  readonly ignoreKnown: boolean;
  readonly find: SourceFinder;
  /** Digests of host files that recipes may refer to (wheels, contents of packages), by path. */
  readonly digests: readonly ReadonlyMap<string, Digest>[];
  /** Platforms may want the same layer: it is made once. */
  readonly once: Once<Digest, LayerRecord>;
  /** Told of every layer as soon as it is there, so that it can be sent while others are packed. */
  readonly onReady: (layer: Layer) => void;
}

/** Names under which a layer's input key and diff ID stand on its descriptor, so that a later build can reuse it from the registry. */
export const ANNOTATION = {
  layerKey: 'dev.imagespec.layer.key',
  layerDiffId: 'dev.imagespec.layer.diff-id',
  layerContent: 'dev.imagespec.layer.content',
  strictKey: 'dev.imagespec.strict-key',
  lock: 'dev.imagespec.lock',
} as const;

export async function makeLayers(
  ctx: Context,
  wanted: readonly WantedLayer[],
  tools: LayerTools,
): Promise<MadeLayer[]> {
  const made = new Map<WantedLayer, MadeLayer>();
  const largestFirst = [...wanted].sort((a, b) => b.size - a.size);
  await together(
    ctx,
    largestFirst.map((want) => async (inner) => {
      const one = await makeLayer(inner, want, tools);
      made.set(want, one);
      tools.onReady(one.layer);
    }),
  );
  return wanted.map((want) => made.get(want)!);
}

async function makeLayer(ctx: Context, want: WantedLayer, tools: LayerTools): Promise<MadeLayer> {
  const { kind, content, key } = want;
  // A layer that the same build has made before is not made twice, and is no older one either.
  const isKnown = !tools.ignoreKnown && tools.once.find(key) === undefined;
  const known = isKnown ? await readLayerRecord(tools.cache, key) : undefined;
  const record = known ?? (await tools.once.share(ctx, key, () => packLayer(ctx, want, tools)));
  const annotations = {
    [ANNOTATION.layerKey]: key,
    [ANNOTATION.layerDiffId]: record.diffId,
    [ANNOTATION.layerContent]: content,
  };
  return {
    kind,
    content,
    key,
    layer: layerOf(record, tools.find, content, annotations),
    origin: known ? 'reused' : 'built',
  };
}

async function packLayer(ctx: Context, want: WantedLayer, tools: LayerTools): Promise<LayerRecord> {
  const { cache, packer } = tools;
  return step(ctx, { step: 'pack', subject: want.content, total: want.size, unit: 'bytes' }, ({ progress }) =>
    cache.scratch(async (folder) => {
      const literals = join(folder, 'literals');
      const packed = await packer.pack({ entries: await want.entries(), literals, onProgress: progress });
      await cache.adopt(packed.literals, literals);
      const record = toLayerRecord(packed, (file) => tools.digests.find((one) => one.has(file))?.get(file));
      await writeLayerRecord(cache, want.key, record);
      return record;
    }),
  );
}
