// A .deb that was read once: its control files, and its content in a form that layers are made of without unpacking again.
import type { DirectoryEntry, FileEntry, HardlinkEntry, SymlinkEntry } from '../filesystem/entry.ts';
import type { Digest } from '../core/digest.ts';

export interface OpenedDeb {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The control stanza, in its order; folded values keep their line breaks. */
  readonly control: readonly (readonly [field: string, value: string])[];
  /** The other members of control.tar by name (`postinst`, `conffiles`, `md5sums`, `triggers`, `templates`, …). */
  readonly members: ReadonlyMap<string, { readonly bytes: Uint8Array; readonly mode: number }>;
  /** In the archive's order; paths as written, without `./`; the root directory is left out. Contents lie in the content file. */
  readonly entries: readonly (FileEntry | DirectoryEntry | SymlinkEntry | HardlinkEntry)[];
  /** md5 in hex by path, of every file (what dpkg writes to `md5sums` when a package has none, and to `Conffiles`). */
  readonly md5: ReadonlyMap<string, string>;
  /**
   * Names of owner and group by path, where they are not root's 0: dpkg takes the target's ids for these names, and those of the entry only
   * where the target does not know them. `''` where the archive has no name.
   */
  readonly owners?: ReadonlyMap<string, { readonly user: string; readonly group: string }> | undefined;
  /** The blob of the cache that holds the contents; undefined when there are none. */
  readonly content: { readonly digest: Digest; readonly file: string } | undefined;
}
