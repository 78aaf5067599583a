// A packed layer as content, without a cache around it.
import type { Layer } from '../../src/content/content.ts';
import { verified } from '../../src/core/digest.ts';
import { readRecipe } from '../../src/layer/read-recipe.ts';
import type { PackedLayer } from '../../src/layer/recipe.ts';

export function layerContent({ descriptor, diffId, recipe }: PackedLayer): Layer {
  return {
    descriptor,
    diffId,
    open: (ctx) => verified(readRecipe(ctx, recipe), descriptor, `layer ${descriptor.digest}`),
  };
}
