// Packing, as a work pool does it.
import type { Context } from '../core/context.ts';
import type { PackRequest } from './pack.ts';
import { pack } from './pack.ts';
import type { PackedLayer } from './recipe.ts';

export function work(
  ctx: Context,
  request: Omit<PackRequest, 'onProgress'>,
  onProgress?: (done: number) => void,
): Promise<PackedLayer> {
  return pack(ctx, { ...request, onProgress });
}
