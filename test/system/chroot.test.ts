// The sandbox by chroot: the same images as by namespaces, and what it is like in a container that forbids these.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SnippetName } from './command-snippets.ts';
import { commandOf, FIXTURE_PROGRAM, SNIPPETS } from './command-snippets.ts';
import type { CommandGround, CommandOptions } from './ground/command-ground.ts';
import { addBase, createCommandGround, leftovers } from './ground/command-ground.ts';
import { run, tryRun } from './ground/folder.ts';

let ground: CommandGround;
const mark = `9${Date.now()}`;

beforeAll(async () => {
  ground = await createCommandGround();
  await addBase(ground.layout, 'fixture', (await tryRun('python3', ['-c', FIXTURE_PROGRAM])).stdout);
});

afterAll(() => ground.close());

/** A maker with a cache of its own, so that nothing is known from the other one. */
async function by(maker: 'namespaces' | 'chroot', options: CommandOptions = {}): Promise<CommandOptions> {
  const place = join(ground.folder, maker);
  await mkdir(place, { recursive: true });
  const env = { IMAGESPEC_SANDBOX: maker, ...options.env };
  return { base: 'fixture', ...options, place, cache: join(place, 'cache'), env };
}

it.each(['0', '2000'])('makes the image that namespaces make, at the epoch %s', async (epoch) => {
  const commands = (Object.keys(SNIPPETS) as SnippetName[]).map(commandOf);
  const options = { env: { SOURCE_DATE_EPOCH: epoch } };
  const expected = await ground.build(commands, await by('namespaces', options));
  expect(expected.status, expected.stderr).toBe(0);
  const found = await ground.build(commands, await by('chroot', options));
  expect(found.status, found.stderr).toBe(0);
  const list = (file: string): Promise<string> => run('tar', ['--full-time', '--numeric-owner', '-tvvf', file]);
  expect(await list(found.layer)).toBe(await list(expected.layer));
  expect(found.image!.digest).toBe(expected.image!.digest);
  expect(found.stderr).toContain('left out: /f/left-out/fifo');
  expect(await leftovers(join(ground.folder, 'chroot', 'cache'), mark)).toEqual([]);
});
