// What `imagespec run` refuses before it needs anything of the host: nothing is unpacked, nothing started.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { copy } from '../../src/content/copy.ts';
import { createContext } from '../../src/core/context.ts';
import type { ErrorCode } from '../../src/core/error.ts';
import { layoutStore } from '../../src/store/layout.ts';
import { assembleRoot } from '../../src/build/assemble.ts';
import { sampleImage } from '../contract/sample-image.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';
import { refused } from './refused.ts';

let project: Project;
beforeEach(async () => {
  project = await createProject();
});
afterEach(() => project.remove());

const run = (args: readonly string[], code: ErrorCode, ...words: (string | RegExp)[]): Promise<string> =>
  refused(project, ['run', ...args], code, words);

/** An index of images that no host runs. */
async function foreignIndex(): Promise<void> {
  const platforms = ['mips', 'mips64le'].map((architecture) => ({ os: 'linux', architecture }));
  const images = await Promise.all(platforms.map((platform) => sampleImage('foreign', platform)));
  const store = layoutStore(join(project.folder, 'foreign'), { random: randomUUID });
  await copy(createContext(), assembleRoot(images, {}), store, ['latest']);
}

it('names the platforms that there are when none is of this host', async () => {
  await foreignIndex();
  await run(['oci:foreign'], 'PLATFORM_FOREIGN', /no image for linux\//, /mips.*mips64le/);
  await run(['--platform', 'linux/mips64le', 'oci:foreign'], 'PLATFORM_FOREIGN', 'must run for linux/mips64le');
  await run(['--platform', 'linux/s390x', 'oci:foreign'], 'BASE_PLATFORM_MISSING', 'linux/s390x');
});

it('refuses a terminal where there is none', () => run(['-t', 'oci:out'], 'USAGE', 'standard input is none'));

it('refuses an image that is not there', () => run(['oci:nothing'], 'NOT_FOUND', 'nothing'));

it('refuses what cannot be mounted', () => run(['-v', 'nowhere:/x', 'oci:out'], 'USAGE', 'nowhere does not exist'));

it('refuses an image of nothing', () => run(['scratch'], 'USAGE', 'empty base'));

it('has nothing to run when the entry point is cleared', async () => {
  await foreignIndex();
  await run(['--platform', 'linux/mips', '--entrypoint', '', 'oci:foreign'], 'USAGE', 'entry point is cleared');
});

it.each([
  ['--volume', ['--volume', '.:/x']],
  ['--read-only', ['--read-only']],
  ['--network none', ['--network', 'none']],
])('does not leave %s out where chroot cannot do it', async (name, words) => {
  await run(['--sandbox', 'chroot', ...words, 'oci:out'], 'NOT_SUPPORTED', `${name} takes namespaces`);
});

it.each([[['--network', 'bridge', 'oci:out']], [['--nothing', 'oci:out']], [['--sandbox', 'docker', 'oci:out']], [[]]])(
  'takes no other words: %j',
  async (args) => {
    const { status, stdout } = await project.run(['run', ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  },
);
