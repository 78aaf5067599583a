// What must run in the image, on hosts that cannot run it: refused by name, before anything is fetched or made.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
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

it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
  ['a file', { secrets: [{ file: 'token.txt' }], commands: ['true'] }, /The secret token\.txt does not exist/],
  ['a variable', { secrets: [{ env: 'NOT_SET' }], commands: ['true'] }, /The secret NOT_SET is not set/],
  ['a file for pip', { pip_secret_mounts: [['.netrc', '/root/.netrc']], packages: ['x'] }, /The secret \.netrc does/],
])('%s that is a secret and absent', async (_name, fields, words) => {
  await project.spec({ base_image: BASE, ...fields });
  await refused(project, ['build', '-o', 'oci:out'], 'SECRET_MISSING', [words]);
});

it('a secret in a copied folder', async () => {
  await writeFile(join(project.folder, 'app', 'token.txt'), 'hunter22');
  await project.spec({ base_image: BASE, secrets: [{ file: 'app/token.txt' }], commands: ['true'] });
  const said = await refused(project, ['build', '-o', 'oci:out'], 'SECRET_EXPOSED', [
    /copied into the image: \/root\/app/,
  ]);
  expect(said).not.toContain('hunter22');
});
