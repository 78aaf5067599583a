// An image of all that Debian calls essential and nothing else, held against the root that mmdebstrap makes of the same packages with real dpkg.
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAptOracle } from './ground/apt-trees.ts';
import { differencesToApt } from './ground/debian-differences.ts';
import type { OurTree } from './ground/our-tree.ts';
import { ourTree } from './ground/our-tree.ts';
import { createPodman } from './ground/podman.ts';
import type { MadeTree } from './ground/tree-listing.ts';

let place: string;
let ours: OurTree;
let theirs: MadeTree;

beforeAll(async () => {
  // podman makes a name of the path, in which it takes no capitals.
  place = join(tmpdir(), `imagespec-essential-${process.pid}`);
  await mkdir(place);
  const oracle = createAptOracle();
  const script = 'inside dpkg --audit; inside dpkg --verify';
  ours = await ourTree(place, await oracle.root('scratch'), [], { script });
  theirs = await oracle.tree('scratch', []);
});

afterAll(() => rm(place, { recursive: true, force: true }));

it('has the packages that apt chooses, all configured', () => {
  expect(ours.packages).toEqual(theirs.packages);
  expect(ours.warnings).toEqual([]);
});

it('has the tree that dpkg makes', () => {
  expect(theirs.tree.size).toBeGreaterThan(6000);
  expect(differencesToApt(ours.tree, theirs.tree, new Set())).toEqual([]);
});

it('has a database that dpkg finds nothing wrong with', () => {
  expect(ours.said).toBe('exit:0\n');
});

it('starts: a shell, the GNU tools and dpkg, for a user who is not root', async () => {
  const podman = await createPodman('overlay');
  try {
    const script =
      'id -u; dpkg --audit; dpkg --verify >/dev/null; echo words | sed s/w/W/ | gzip | gunzip; perl -e "print 6 * 7"';
    expect(await podman.run(`oci:${join(place, 'out')}`, ['/bin/sh', '-ec', script])).toBe('1000\nWords\n42');
  } finally {
    await podman.close();
  }
});
