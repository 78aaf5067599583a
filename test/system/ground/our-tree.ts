// The tree that our own Debian layers make of a base: built by the command line, laid over the unpacked base with tar, and listed as the oracle's.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildResult } from '../../../src/build/result.ts';
import { copy } from '../../../src/content/copy.ts';
import { createContext } from '../../../src/core/context.ts';
import { layoutStore } from '../../../src/store/layout.ts';
import { runCli } from '../../cli/run-cli.ts';
import type { AptRoot } from './apt-root.ts';
import type { BaseName } from './bases.ts';
import { baseImage } from './bases.ts';
import { certificates } from './environment.ts';
import { GROUND } from './folder.ts';
import { inOverlay } from './overlay.ts';
import type { TreeListing } from './tree-listing.ts';
import { listCommand, parseListing } from './tree-listing.ts';

export interface OurTree {
  /** `name version architecture`, sorted. */
  readonly packages: readonly string[];
  readonly tree: TreeListing;
  readonly warnings: readonly string[];
  /** Paths of the Debian layers' blobs, lowest first. */
  readonly layers: readonly string[];
  /** Folder of the spec and the layout `out`. */
  readonly folder: string;
}

interface Locked {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

/** Layers on top of each other, as engines do it: whiteouts first, then the entries; folders that are links stay links. */
export const APPLY = `for layer in "$@"; do
  tar -tzf "$layer" | { grep -E '(^|/)\\.wh\\.' || true; } | while read -r name; do
    folder=$(dirname "$name"); file=$(basename "$name"); rm -rf "$ROOT/$folder/\${file#.wh.}"
  done
  tar -C "$ROOT" -xpzf "$layer" --numeric-owner --xattrs --xattrs-include='*' --keep-directory-symlink --exclude='.wh.*'
done
`;

/** A folder with the base as a layout named \`base\`. */
export async function baseLayout(folder: string, base: BaseName): Promise<void> {
  const store = layoutStore(join(folder, 'base'), { random: () => String(process.hrtime.bigint()) });
  await copy(createContext(), await baseImage(base), store, ['latest']);
}

/** @param folder has the layout \`base\` where the root is one; the spec and the image come beside it */
export async function ourTree(
  folder: string,
  { beneath, spec: start }: AptRoot,
  packages: readonly string[],
  more = {},
): Promise<OurTree> {
  const place = join(folder, packages.join('+').slice(0, 60));
  await mkdir(place, { recursive: true });
  const spec = { name: 'debian', ...start, apt_packages: packages, ...more };
  await writeFile(join(place, 'imagespec.yaml'), JSON.stringify(spec));
  const { status, stdout, stderr } = await runCli(['build', '--json', '-o', 'oci:out'], {
    cwd: place,
    cache: join(GROUND, 'imagespec-cache'),
    env: certificates(),
  });
  if (status !== 0) throw new Error(stderr);
  const { images } = JSON.parse(stdout) as BuildResult;
  const [image] = images;
  const layers = image!.platforms[0]!.layers.filter(({ kind }) => kind === 'debian').map((layer) =>
    join(place, 'out', 'blobs', ...layer.digest.split(':')),
  );
  const listing = await inOverlay({ lowers: [beneath], script: APPLY + listCommand(beneath), args: layers });
  const lock = JSON.parse(await readFile(join(place, 'imagespec.lock'), 'utf8')) as LockPrinted;
  const locked = lock.platforms['linux/amd64']!.debian.packages;
  return {
    packages: locked.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`).sort(),
    tree: parseListing(listing),
    warnings: image!.warnings,
    layers,
    folder: place,
  };
}

interface LockPrinted {
  readonly platforms: Readonly<Record<string, { readonly debian: { readonly packages: readonly Locked[] } }>>;
}
