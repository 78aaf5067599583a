// Reading a file of the staged filesystem where bytes that nobody captured mean that the program cannot be carried out.
import { FileError } from '../filesystem/writable-tree.ts';
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';

/** Throws `NotInterpretable` for bytes that only the base has, and `FileError` for everything else. */
export function readBytes(tree: WritableTree, path: string): Uint8Array {
  try {
    return tree.read(path);
  } catch (cause) {
    if (cause instanceof FileError && cause.code === 'UNREADABLE') {
      throw new NotInterpretable(`the content of ${path} in the base image is not known`, { cause });
    }
    throw cause;
  }
}
