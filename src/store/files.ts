// Files by name, whether they lie in a folder or in a tar archive: what every reader of layouts and archives works on.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageSpecError, isImageSpecError } from '../core/error.ts';
import { readError, readRange } from './disk.ts';

export interface Files {
  /** Bytes of the file `path` (with `/`, relative), or undefined when there is none. Throws `ARCHIVE_INVALID` when it cannot be read. */
  readonly size: (path: string) => Promise<number | undefined>;
  /** Its bytes, unverified. Throws `NOT_FOUND` or `ARCHIVE_INVALID` while reading. */
  readonly open: (path: string) => AsyncIterable<Uint8Array>;
}

export function folderFiles(folder: string): Files {
  return {
    size: async (path) => {
      const file = join(folder, path);
      try {
        const found = await stat(file);
        // A pipe or device would block or never end.
        if (!found.isFile()) throw new ImageSpecError('ARCHIVE_INVALID', `${file} is not a regular file`);
        return found.size;
      } catch (cause) {
        const error = readError(file, cause);
        if (isImageSpecError(error) && error.code === 'NOT_FOUND') return undefined;
        throw error;
      }
    },
    open: (path) => readRange(join(folder, path)),
  };
}
