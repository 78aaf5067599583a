// What buildah makes of the same commands, and what it sees in an image: the oracle of the sandbox.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tryRun } from './folder.ts';
import { asRoot } from './overlay.ts';
import type { TreeListing } from './tree-listing.ts';
import { listCommand, parseListing } from './tree-listing.ts';

export interface Buildah {
  /** Runs the commands as one RUN; the result is named `made`. */
  readonly build: (base: string, commands: readonly string[]) => Promise<void>;
  /** The whole tree of an image: `made`, or `oci:…`. */
  readonly list: (image: string) => Promise<TreeListing>;
  readonly close: () => Promise<void>;
}

/** @param folder need not be there; lower-case letters only */
export async function createBuildah(folder: string): Promise<Buildah> {
  const context = join(folder, 'context');
  await mkdir(context, { recursive: true });
  const place = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'overlay'];
  const buildah = (...args: string[]): Promise<string> => run(...asRoot('buildah', [...place, ...args]));
  return {
    build: async (base, commands) => {
      const argv = JSON.stringify(['/bin/sh', '-c', commands.join(' && ')]);
      await writeFile(join(context, 'Dockerfile'), `FROM ${base}\nUSER root\nRUN ${argv}\n`);
      const how = ['--quiet', '--isolation', 'chroot', '--network', 'host', '--layers=false'];
      await buildah('bud', ...how, '-t', 'localhost/made', context);
    },
    list: async (image) => {
      const container = (await buildah('from', image === 'made' ? 'localhost/made' : image)).trim();
      const root = (await buildah('mount', container)).trim();
      const tree = await listRoot(root);
      await buildah('rm', container);
      return tree;
    },
    close: async () => {
      await tryRun(...asRoot('buildah', [...place, 'rm', '--all']));
      await tryRun(...asRoot('umount', [join(folder, 'root', 'overlay')]));
      await run(...asRoot('rm', ['-rf', folder]));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Everything in a root, as what it changes in an empty folder. */
async function listRoot(root: string): Promise<TreeListing> {
  const empty = await mkdtemp(join(tmpdir(), 'imagespec-empty-'));
  try {
    return parseListing(await run(...asRoot('sh', ['-euc', `UPPER=$0; ${listCommand(empty)}`, root])));
  } finally {
    await rm(empty, { recursive: true });
  }
}
