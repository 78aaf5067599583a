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
  /** Of the Debian layers. */
  readonly contents: readonly string[];
  /** What the script printed, and as a last line `exit:` with its status. */
  readonly said: string;
}

export interface OurTreeOptions {
  /** Further fields of the spec. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** For bash, as in an overlay, in the tree that engines would make of the layers; runs after the listing. */
  readonly script?: string;
}

interface Locked {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

/** Layers on top of each other, as engines do it: whiteouts first, then the entries; folders that are links stay links. */
const APPLY = `for layer in "$@"; do
  gzip -dc "$layer" > "$PLACE/layer.tar"
  tar -tf "$PLACE/layer.tar" | { grep -E '(^|/)\\.wh\\.' || true; } | while read -r name; do
    folder=$(dirname "$name"); file=$(basename "$name"); rm -rf "$ROOT/$folder/\${file#.wh.}"
  done
  tar -C "$ROOT" -xpf "$PLACE/layer.tar" --numeric-owner --xattrs --xattrs-include='*' --keep-directory-symlink --exclude='.wh.*'
  rm "$PLACE/layer.tar"
done
`;

const END_OF_LISTING = '\n--\n';

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
  { more = {}, script = '' }: OurTreeOptions = {},
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
  const debian = image!.platforms[0]!.layers.filter(({ kind }) => kind === 'debian');
  const layers = debian.map((layer) => join(place, 'out', 'blobs', ...layer.digest.split(':')));
  const judged = `\nprintf '${END_OF_LISTING.replaceAll('\n', '\\n')}'; set +e; (set -e\n${script}\n) 2>&1; echo "exit:$?"\n`;
  const work = { lowers: [beneath], script: APPLY + listCommand(beneath) + judged, args: layers };
  const [listing = '', said = ''] = (await inOverlay(work)).split(END_OF_LISTING);
  const lock = JSON.parse(await readFile(join(place, 'imagespec.lock'), 'utf8')) as LockPrinted;
  const locked = lock.platforms['linux/amd64']!.debian.packages;
  return {
    packages: locked.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`).sort(),
    tree: parseListing(listing),
    warnings: image!.warnings,
    contents: debian.map(({ content }) => content ?? ''),
    said,
  };
}

interface LockPrinted {
  readonly platforms: Readonly<Record<string, { readonly debian: { readonly packages: readonly Locked[] } }>>;
}
