// A packed layer as content, so that it can be pushed, exported and kept like any other.
import type { Layer } from '../content/content.ts';
import { verified } from '../core/digest.ts';
import { readRecipe } from './read-recipe.ts';
import type { PackedLayer } from './recipe.ts';

export function layerContent({ descriptor, diffId, recipe }: PackedLayer): Layer {
  return {
    descriptor,
    diffId,
    open: (ctx) => verified(readRecipe(ctx, recipe), descriptor, `layer ${descriptor.digest}`),
  };
}
