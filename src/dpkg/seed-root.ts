// What must be there before the first package is unpacked into nothing.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { LIB64 } from '../deb/architecture.ts';

/** Of the package dpkg, which an image from nothing may not have: scripts and database need them all the same. */
const FOLDERS_OF_DPKG = [
  'etc/alternatives',
  'var/lib/dpkg/alternatives',
  'var/lib/dpkg/info',
  'var/lib/dpkg/triggers',
  'var/lib/dpkg/updates',
];

/**
 * The links of a merged /usr, which no package of bookworm brings: /bin, /sbin, /lib and /lib64 lead into /usr, as debootstrap makes them
 * (Debian's transition to a merged /usr, bookworm on); and the folders of dpkg.
 */
export function seedRoot(tree: WritableTree, architecture: string): void {
  const names = ['bin', 'sbin', 'lib', ...(LIB64.has(architecture) ? ['lib64'] : [])];
  for (const name of names) {
    tree.makeDirectories(`usr/${name}`);
    tree.symlink(name, `usr/${name}`);
  }
  for (const folder of FOLDERS_OF_DPKG) tree.makeDirectories(folder);
}
