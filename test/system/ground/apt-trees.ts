// Real apt as an oracle: the tree that `apt-get install --no-install-recommends` leaves on a base, made once for each choice of packages.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readChoice } from './apt-choice.ts';
import type { AptRoot } from './apt-root.ts';
import { aptRoot } from './apt-root.ts';
import type { AptBase } from './apt-sets.ts';
import { essentialRoot } from './essential-root.ts';
import { GROUND } from './folder.ts';
import { inOverlay } from './overlay.ts';
import type { MadeTree } from './tree-listing.ts';
import { listCommand, parseListing, readTree, writeTree } from './tree-listing.ts';

/** Raised when a tree must be made anew though base and packages are the same. */
const RECIPE = 1;

export interface AptOracle {
  readonly root: (base: AptBase) => Promise<AptRoot>;
  /** What apt leaves, all packages configured. */
  readonly tree: (base: AptBase, packages: readonly string[]) => Promise<MadeTree>;
  /** The same packages, their files alone: what `dpkg-deb --extract` makes of them. */
  readonly unpacked: (base: AptBase, packages: readonly string[]) => Promise<MadeTree>;
}

/** Each base is prepared when it is first asked for. */
export function createAptOracle(): AptOracle {
  const roots = new Map<AptBase, Promise<AptRoot>>();
  const rootOf = (base: AptBase): Promise<AptRoot> => {
    const root = roots.get(base) ?? (base === 'scratch' ? essentialRoot('bookworm') : aptRoot(base));
    roots.set(base, root);
    return root;
  };
  return {
    root: rootOf,
    tree: async (base, packages) => made(await rootOf(base), 'tree', packages, INSTALL),
    unpacked: async (base, packages) => made(await rootOf(base), 'unpacked', packages, UNPACK),
  };
}

const APT = `mount --bind "$ARCHIVES" "$ROOT/var/cache/apt/archives"
get() { apt_get -qq -o Dpkg::Use-Pty=0 -o Debug::NoLocking=1 "$@"; }
`;

/** The choice as apt prints it without doing anything. */
const SIMULATE = `apt_get -qq -s install --no-install-recommends "$@"`;

/** Where an image starts from nothing, the packages of the root are part of what is listed. */
const WHOLE = 'rm "$ROOT/usr/sbin/policy-rc.d"; UPPER=$ROOT\n';

/** Fetching is locked, since two runs may want one file; the rest is not. apt's own lock would lie in the shared folder. */
const FETCH = `exec 9<"$ARCHIVES"; flock 9; get -y install --no-install-recommends --download-only "$@" >&2; exec 9<&-\n`;

const INSTALL = `${APT}${FETCH}get install -y --no-install-recommends "$@" >"$PLACE/log" 2>&1 </dev/null || { tail -c 3000 "$PLACE/log" >&2; exit 1; }
umount "$ROOT/var/cache/apt/archives"
`;

/** Named as apt names the files: a colon of an epoch is %3a. */
const UNPACK = `${APT}${FETCH}apt_get -qq -s install --no-install-recommends "$@" | sed -n 's/^Inst \\([^ ]*\\) .*(\\([^ ]*\\) .*\\[\\([^]]*\\)\\]).*/\\1_\\2_\\3.deb/p' | sed 's/:\\(.*\\)/%3a\\1/' > "$PLACE/files"
while read -r file; do dpkg-deb --fsys-tarfile "$ARCHIVES/$file" | tar -C "$ROOT" -xp --numeric-owner --keep-directory-symlink; done < "$PLACE/files"
umount "$ROOT/var/cache/apt/archives"
`;

async function made(base: AptRoot, kind: string, wanted: readonly string[], script: string): Promise<MadeTree> {
  const packages = await chosen(base, wanted);
  const key = createHash('sha256').update(JSON.stringify([RECIPE, kind, base.digest, wanted.toSorted(), packages]));
  const file = join(GROUND, 'apt-trees', `${kind}-${key.digest('hex').slice(0, 24)}.json.gz`);
  const known = await readTree(file);
  if (known) return known;
  const isWhole = !base.lowers.includes(base.beneath);
  const started = performance.now();
  const tree = parseListing(
    await inOverlay({
      lowers: base.lowers,
      script: `${base.apt}ARCHIVES='${base.archives}'\n${script}${isWhole ? WHOLE : ''}${listCommand(base.beneath)}`,
      args: wanted,
    }),
  );
  const result = { packages, seconds: (performance.now() - started) / 1000, tree };
  await writeTree(file, result);
  return result;
}

/** What apt would install, and what is there besides. */
async function chosen(base: AptRoot, wanted: readonly string[]): Promise<string[]> {
  const printed = await inOverlay({ lowers: base.lowers, script: base.apt + SIMULATE, args: wanted });
  return [...base.packages, ...readChoice(printed)].sort();
}
