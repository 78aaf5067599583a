// Files that the user names: read whole, but never more than a bound, and told by name when they are not there.
import { open } from 'node:fs/promises';
import { ImageSpecError, isImageSpecError, messageOf, systemCode } from '../core/error.ts';

/** Lists with hashes of hundreds of packages have one or two megabytes, locks of as many a little more. */
const FILE_LIMIT_BYTES = 16 << 20;

/**
 * The text of a file on the host. Throws `REQUIREMENTS_NOT_FOUND`, or `REQUIREMENTS_INVALID` when it is too large.
 * @param what begins the message: `The requirements file /app/requirements.txt`
 */
export async function readTextFile(file: string, what: string): Promise<string> {
  try {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      if (size > FILE_LIMIT_BYTES) throw tooLarge(what);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (isImageSpecError(cause)) throw cause;
    const why = systemCode(cause) === 'ENOENT' ? 'does not exist' : `cannot be read: ${messageOf(cause)}`;
    throw new ImageSpecError('REQUIREMENTS_NOT_FOUND', `${what} ${why}`, {
      hint: 'Check the path: it is relative to the file that names it.',
      cause,
      facts: { file },
    });
  }
}

function tooLarge(what: string): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_INVALID', `${what} has more than ${FILE_LIMIT_BYTES} bytes`);
}
