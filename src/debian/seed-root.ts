// What must be there before the first package is unpacked into nothing: the links of a merged /usr, which no package of bookworm brings.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { LIB64 } from './architecture.ts';

/** /bin, /sbin, /lib and /lib64 as links into /usr, as debootstrap makes them (Debian's transition to a merged /usr, bookworm on). */
export function seedRoot(tree: WritableTree, architecture: string): void {
  const names = ['bin', 'sbin', 'lib', ...(LIB64.has(architecture) ? ['lib64'] : [])];
  for (const name of names) {
    tree.makeDirectories(`usr/${name}`);
    tree.symlink(name, `usr/${name}`);
  }
}
