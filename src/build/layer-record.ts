// A made layer is kept as a record (descriptor and recipe, kilobytes) under its input key, so that known inputs cost neither inflate nor hash.
import { z } from 'zod';
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { isDigest, verified } from '../core/digest.ts';
import type { PackedLayer } from '../layer/recipe.ts';
import { readRecipe } from '../layer/read-recipe.ts';
import type { LocalCache } from '../store/cache.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));

const recordSchema = z.object({
  mediaType: z.string(),
  digest,
  size: z.number(),
  diffId: digest,
  /** Blobs of the cache that the pieces come from: the literals first, then wheels. */
  sources: z.array(digest),
  pieces: z.array(z.number()),
});

export type LayerRecord = z.output<typeof recordSchema>;

/** Gives the host path of a source, fetching it again if the cache has lost it. */
export type SourceFinder = (ctx: Context, digest: Digest) => Promise<string>;

const KIND = 'layer';

export async function readLayerRecord(cache: LocalCache, key: Digest): Promise<LayerRecord | undefined> {
  const bytes = await cache.readRecord(KIND, key);
  if (!bytes) return undefined;
  const record = recordSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  const literals = record.data?.sources[0];
  return record.data && literals && (await cache.find(literals)) ? record.data : undefined;
}

export async function writeLayerRecord(cache: LocalCache, key: Digest, record: LayerRecord): Promise<void> {
  await cache.writeRecord(KIND, key, new TextEncoder().encode(JSON.stringify(record)));
}

/** @param digestOf of the recipe's host files, by path */
export function toLayerRecord(packed: PackedLayer, digestOf: (file: string) => Digest | undefined): LayerRecord {
  const { mediaType, digest: blob, size } = packed.descriptor;
  const [, ...files] = packed.recipe.sources;
  const sources = files.map((file) => {
    const known = digestOf(file);
    if (!known) throw new Error(`a layer refers to a file outside the cache: ${file}`);
    return known;
  });
  return {
    mediaType,
    digest: blob,
    size,
    diffId: packed.diffId,
    sources: [packed.literals, ...sources],
    pieces: [...packed.recipe.pieces],
  };
}

/** The layer as content: its sources are looked for only when somebody wants the bytes. */
export function layerOf(
  record: LayerRecord,
  find: SourceFinder,
  title: string,
  annotations: Record<string, string>,
): Layer {
  const { mediaType, size, diffId, pieces } = record;
  const descriptor = { mediaType, digest: record.digest, size, annotations };
  return {
    descriptor,
    title,
    diffId,
    async *open(ctx, options) {
      const sources = await Promise.all(record.sources.map((source) => find(ctx, source)));
      yield* verified(readRecipe(ctx, { sources, pieces }, options), descriptor, `layer ${record.digest}`);
    },
  };
}
