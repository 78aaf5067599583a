// What must run in the image, on hosts that cannot run it: refused by name, before anything is fetched or made.
import { afterEach, beforeEach, it } from 'vitest';
import type { Project } from './project.ts';
import { createProject } from './project.ts';
import { refused } from './refused.ts';

let project: Project;
beforeEach(async () => {
  project = await createProject();
});
afterEach(() => project.remove());

/** Nobody answers there: whoever asked would fail in another way. */
const BASE = '127.0.0.1:9/base:1';

it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
  ['commands', { commands: ['true'] }, /The commands of the spec must run for linux\/mips64le/],
  ['compile', { compile: true }, /The compiler for `compile` must run for linux\/mips64le/],
])('%s for another architecture', async (_name, fields, words) => {
  await project.spec({ base_image: BASE, platform: 'linux/mips64le', ...fields });
  await refused(project, ['build', '-o', 'oci:out'], 'PLATFORM_FOREIGN', [words, /binfmt_misc/]);
});

it('one platform of two is enough', async () => {
  await project.spec({ base_image: BASE, platform: 'linux/amd64,linux/arm64,linux/mips64le', commands: ['true'] });
  await refused(project, ['build', '-o', 'oci:out'], 'PLATFORM_FOREIGN', [/must run for linux\//]);
});
