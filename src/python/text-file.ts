// Files that the user names: read whole, but never more than a bound, and told by name when they are not there.
import { readFile, stat } from 'node:fs/promises';
import { ImageSpecError, isImageSpecError, messageOf, systemCode } from '../core/error.ts';

/** Lists with hashes of hundreds of packages have one or two megabytes, locks of as many a little more. */
const FILE_LIMIT_BYTES = 16 << 20;

/**
 * The text of a file on the host. Throws `REQUIREMENTS_NOT_FOUND`, or `REQUIREMENTS_INVALID` when it is too large or not UTF-8.
 * @param what begins the message: `The requirements file /app/requirements.txt`
 */
export async function readTextFile(file: string, what: string): Promise<string> {
  try {
    // Before it is opened: a pipe would block until somebody writes, a device may never end.
    const found = await stat(file);
    if (found.isDirectory()) throw notThere(file, `${what} is a folder`);
    if (!found.isFile()) throw notThere(file, `${what} is not a regular file`);
    if (found.size > FILE_LIMIT_BYTES) throw unusable(`${what} has more than ${FILE_LIMIT_BYTES} bytes`);
    return decode(await readFile(file), what);
  } catch (cause) {
    if (isImageSpecError(cause)) throw cause;
    const isAbsent = systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR';
    throw notThere(file, `${what} ${isAbsent ? 'does not exist' : `cannot be read: ${messageOf(cause)}`}`, cause);
  }
}

function decode(bytes: Buffer, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    // The mark with which Windows begins such files (PowerShell's `>`).
    const isUtf16 = /^(?:fffe|feff)/.test(bytes.toString('hex', 0, 2));
    throw unusable(`${what} is not UTF-8${isUtf16 ? ' but UTF-16' : ''}`, cause);
  }
}

function notThere(file: string, message: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_NOT_FOUND', message, {
    hint: 'Check the path: it is relative to the file that names it.',
    cause,
    facts: { file },
  });
}

function unusable(message: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_INVALID', message, {
    hint: 'Name a text file in UTF-8 with a requirement per line, or a pylock.toml.',
    cause,
  });
}
