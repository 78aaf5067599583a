// `imagespec resolve`: manifests in, manifests with images by digest out.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeRegistry } from '../registry/fake-registry.ts';
import { startFakeRegistry } from '../registry/fake-registry.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';

let project: Project;
let registry: FakeRegistry;

const write = (path: string, text: unknown): Promise<void> =>
  writeFile(join(project.folder, path), typeof text === 'string' ? text : JSON.stringify(text));

beforeEach(async () => {
  project = await createProject();
  registry = await startFakeRegistry();
  for (const folder of ['deploy', 'jobs', 'several']) await mkdir(join(project.folder, folder));
  const home = { registry: `${registry.host}/acme`, base_image: 'scratch' };
  await write('imagespec.yaml', { ...home, images: { web: { copy: ['app'] }, upon: { base_image: 'web' } } });
  await write('jobs/imagespec.json', { ...home, name: 'job', env: { A: '1' } });
  await write('several/imagespec.yaml', { ...home, images: { one: {}, two: { env: { B: '1' } } } });
});
afterEach(async () => {
  await project.remove();
  await registry.close();
});

const digestOf = (name: string): string => {
  const [found] = registry.store(`acme/${name}`).names.values();
  return found!.digest;
};

describe('resolve', () => {
  it('builds what is named, once, and puts digests in its place', async () => {
    await write('deploy/a.yaml', 'image: imagespec://upon # the top\nother: "imagespec://jobs"\n');
    await write('deploy/b.yml', '# second\n---\nsame: imagespec://upon\n---\nthird: imagespec://several#two\n');
    await write('deploy/notes.txt', 'imagespec://nosuch');
    const { status, stdout, stderr } = await project.run(['resolve', '-f', 'deploy', '--progress', 'plain']);
    expect(status, stderr).toBe(0);
    const { host } = registry;
    const top = `${host}/acme/upon@${digestOf('upon')}`;
    expect(stdout).toBe(
      `image: ${top} # the top\nother: "${host}/acme/job@${digestOf('job')}"\n---\n` +
        `# second\n---\nsame: ${top}\n---\nthird: ${host}/acme/two@${digestOf('two')}\n`,
    );
    expect(registry.store('acme/one').names.size).toBe(0);
    expect(stderr.match(/built: .*upon@/g)).toHaveLength(1);
    const again = await project.run(['resolve', '-f', 'deploy', '--json']);
    const { text, images } = JSON.parse(again.stdout) as { text: string; images: { status: string }[] };
    expect(text).toBe(stdout);
    expect(images.map((image) => image.status)).toEqual(['exists', 'exists', 'exists', 'exists']);
  });

  it('reads standard input, and leaves what names nothing as it is', async () => {
    const { status, stdout, stderr } = await project.run(['resolve', '-f', '-'], { input: 'a: 1 # x\n' });
    expect([status, stdout, stderr]).toEqual([0, 'a: 1 # x\n', expect.stringMatching(/^Nothing to resolve/)]);
  });

  it.each([
    [
      'a: imagespec://nosuch',
      2,
      /standard input:1:4: imagespec:\/\/nosuch is no image.*\nhint: The spec here has web, upon\./,
    ],
    ['a: imagespec://several', 2, /imagespec:\/\/several is no image/],
    ['a: imagespec://jobs#x', 2, /imagespec:\/\/jobs#x is no image/],
    ['a: imagespec://x\nb: imagespec://y', 2, /2 images are not known.*\n.*:1:4.*\n.*:2:4/],
    ['a: [imagespec://web', 2, /standard input:.* is not valid YAML.*\[SPEC_UNREADABLE\]/],
  ])('prints nothing where it is given %j', async (input, code, words) => {
    const { status, stdout, stderr } = await project.run(['resolve', '-f', '-'], { input });
    expect([status, stdout, stderr]).toEqual([code, '', expect.stringMatching(words)]);
  });

  it('prints nothing when an image cannot be pushed', async () => {
    await registry.close();
    const { status, stdout, stderr } = await project.run(['resolve', '-f', '-'], { input: 'a: imagespec://jobs' });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/\[NETWORK\]/);
  });

  it.each([
    [['-f', 'nosuch.yaml'], /There is no nosuch\.yaml to resolve/],
    [['-f', 'app'], /has no \.yaml, \.yml or \.json file/],
    [[], /required option/],
  ])('wants files: %j', async (args, words) => {
    const { status, stderr } = await project.run(['resolve', ...args]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(words)]);
  });
});
