// The error for wheels that are not what they must be; their own words in it are a stranger's.
import { ImageSpecError } from '../core/error.ts';
import { safeText } from '../registry/answer.ts';

/** Names of members may be long and hold anything: a message stays one readable line. */
const MESSAGE_LIMIT_CHARS = 600;

/**
 * @param what names the wheel: `wheel numpy-2.2.6-….whl`
 * @param why verb phrase: `has two members called "a"`
 */
export function invalidZip(what: string, why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('WHEEL_INVALID', safeText(`${what} ${why}`, MESSAGE_LIMIT_CHARS), {
    hint: 'The wheel is damaged or hostile: choose another version, and tell its authors.',
    cause,
  });
}
