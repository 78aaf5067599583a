// The tree of all that Debian calls essential, as mmdebstrap makes it by real dpkg; once for each choice of versions.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sourcesFor } from './bases.ts';
import { GROUND, run, runLogged } from './folder.ts';
import { asRoot } from './overlay.ts';
import type { MadeTree, TreeListing } from './tree-listing.ts';
import { listCommand, parseListing, readTree, writeTree } from './tree-listing.ts';

/** Raised when the tree must be made anew though the packages are the same. */
const RECIPE = 1;

/** @param packages what the tree is kept by: `name version architecture`, sorted. What was really installed stands in the result. */
export async function essentialTree(suite: string, packages: readonly string[]): Promise<MadeTree> {
  const key = createHash('sha256')
    .update(JSON.stringify([RECIPE, suite, packages]))
    .digest('hex');
  const file = join(GROUND, 'apt-trees', `essential-${key.slice(0, 24)}.json.gz`);
  const known = await readTree(file);
  if (known) return known;
  const place = await mkdtemp(join(tmpdir(), 'imagespec-essential-'));
  try {
    const made = await make(suite, place);
    await writeTree(file, made);
    return made;
  } finally {
    await run(...asRoot('rm', ['-rf', place]));
  }
}

async function make(suite: string, place: string): Promise<MadeTree> {
  const started = performance.now();
  const tar = join(GROUND, 'bases', `essential-${process.pid}.tar`);
  await mkdir(join(GROUND, 'bases'), { recursive: true });
  const sources = await sourcesFor(suite);
  try {
    // No SOURCE_DATE_EPOCH: it would cut the times of files.
    const forget = '--customize-hook=rm "$1"/etc/apt/sources.list.d/*';
    const args = ['-q', '--mode=unshare', '--variant=essential', forget, suite, tar, sources];
    await runLogged('essential', 'mmdebstrap', args, { env: { SOURCE_DATE_EPOCH: undefined } });
    const root = join(place, 'root');
    await mkdir(root);
    await run(...asRoot('tar', ['-C', root, '-xpf', tar, '--numeric-owner']));
    const format = '${Package} ${Version} ${Architecture}\\n';
    const installed = await run('dpkg-query', [`--admindir=${root}/var/lib/dpkg`, '-W', '-f', format]);
    const tree = await listRoot(root);
    const seconds = (performance.now() - started) / 1000;
    return { packages: installed.trim().split('\n').sort(), seconds, tree };
  } finally {
    await Promise.all([tar, sources].map((file) => rm(file, { force: true })));
  }
}

/** Everything in a root, as what it changes in an empty folder. */
export async function listRoot(root: string): Promise<TreeListing> {
  const empty = await mkdtemp(join(tmpdir(), 'imagespec-empty-'));
  try {
    return parseListing(await run(...asRoot('sh', ['-euc', `UPPER=$0; ${listCommand(empty)}`, root])));
  } finally {
    await rm(empty, { recursive: true });
  }
}
