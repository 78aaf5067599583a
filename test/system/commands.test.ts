// Commands of a spec in a real image: what they change, held against buildah, and what they find around them.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SnippetName } from './command-snippets.ts';
import { commandOf, FIXTURE_PROGRAM, SNIPPETS } from './command-snippets.ts';
import { createBuildah } from './ground/buildah.ts';
import type { CommandGround } from './ground/command-ground.ts';
import { addBase, createCommandGround } from './ground/command-ground.ts';
import { tryRun } from './ground/folder.ts';
import type { TreeEntry, TreeListing } from './ground/tree-listing.ts';

let ground: CommandGround;

beforeAll(async () => {
  ground = await createCommandGround();
  await addBase(ground.layout, 'fixture', (await tryRun('python3', ['-c', FIXTURE_PROGRAM])).stdout);
});

afterAll(() => ground.close());

/** Times are ours to choose, and texts stand in hashes. */
function withoutTime({ mtime: _, text: _text, ...entry }: TreeEntry): Omit<TreeEntry, 'mtime' | 'text'> {
  return entry;
}

function differences(a: TreeListing, b: TreeListing): string[] {
  const paths = [...new Set([...a.keys(), ...b.keys()])].sort();
  const print = (entry: TreeEntry | undefined): string => JSON.stringify(entry && withoutTime(entry)) ?? 'nothing';
  const lines = paths.map((path) => [path, print(a.get(path)), print(b.get(path))] as const);
  return lines.filter(([, one, other]) => one !== other).map((line) => line.join(': '));
}

/** What differs from buildah, each with its reason. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'etc/hostname': 'buildah leaves the places of its mounts behind; ours lie in a layer of their own',
  'etc/hosts': 'the same',
  'etc/resolv.conf': 'the same',
  'f/left-out/fifo': 'layers of ours hold no fifos and devices, and a warning says so',
};

it('makes of every change the layer that buildah makes', async () => {
  const names = Object.keys(SNIPPETS) as SnippetName[];
  const commands = names.map(commandOf);
  expect((await ground.build([], { base: 'fixture', tag: 'plain' })).status).toBe(0);
  const made = await ground.build(commands, { base: 'fixture', tag: 'ours' });
  expect(made.status, made.stderr).toBe(0);
  const buildah = await createBuildah(join(ground.folder, 'buildah'));
  try {
    const out = `oci:${join(ground.own, 'out')}`;
    await buildah.build(`${out}:plain`, commands);
    const before = await buildah.list(`${out}:plain`);
    const ours = await buildah.list(`${out}:ours`);
    const theirs = await buildah.list('made');
    const lines = differences(ours, theirs);
    expect(lines.filter((line) => DIFFERENCES[line.slice(0, line.indexOf(':'))] === undefined)).toEqual([]);
    expect(lines).toHaveLength(Object.keys(DIFFERENCES).length);
    expect(made.stderr).toContain('left out: /f/left-out/fifo');
    const changed = new Set(differences(before, ours).map((line) => /^f\/([^/]*)\//.exec(line)?.[1]));
    const unchanged = names.filter((name) => !changed.has(name));
    expect(unchanged).toEqual(['nothing', 'new-and-removed', 'of-the-base']);
  } finally {
    await buildah.close();
  }
});
