// What is wrong with a layer is said in one way, whoever finds it.
import type { Digest } from '../core/digest.ts';
import type { ErrorCode } from '../core/error.ts';
import { ImageSpecError } from '../core/error.ts';

/** The error for one layer; `why` goes on after "it". */
export type Refuse = (why: string, more?: { readonly cause?: unknown; readonly code?: ErrorCode }) => ImageSpecError;

export function refusalOf(layer: Digest): Refuse {
  return (why, { cause, code = 'LAYER_INVALID' } = {}) =>
    new ImageSpecError(code, `Layer ${layer} cannot be applied: it ${why}`, {
      hint: 'The image is damaged or hostile: try again, and if it repeats, ask its publisher or choose another one.',
      cause,
      facts: { layer },
    });
}
