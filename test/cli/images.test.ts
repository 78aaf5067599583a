// Several images of one call: from one file, from standard input, one upon the other; what is pushed, what is told, what fails.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildResult } from '../../src/build/result.ts';
import { layoutStore } from '../../src/store/layout.ts';
import { loadPlatform, resolveOrThrow } from '../../src/content/load.ts';
import { createContext } from '../../src/core/context.ts';
import { parsePlatform } from '../../src/oci/platform.ts';
import { makeWheel } from '../python/make-wheel.ts';
import type { FakeRegistry } from '../registry/fake-registry.ts';
import { startFakeRegistry } from '../registry/fake-registry.ts';
import { addBase, addLock, pythonBase } from './python-base.ts';
import { readImage } from './read-image.ts';
import type { CliRun } from './run-cli.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';

let project: Project;
let registry: FakeRegistry | undefined;

beforeEach(async () => {
  project = await createProject();
});
afterEach(async () => {
  await project.remove();
  await registry?.close();
  registry = undefined;
});

const file = (fields: Readonly<Record<string, unknown>>): Promise<void> =>
  writeFile(join(project.folder, 'imagespec.yaml'), JSON.stringify(fields));

const built = ({ status, stdout, stderr }: CliRun): BuildResult => {
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as BuildResult;
};

const scratch = { base_image: 'scratch' };
const COPIES = { copy: ['app'] };

/** Content of the layers of the first image at this place. */
async function layersOf(folder: string, platform = 'linux/amd64'): Promise<string[]> {
  const ctx = createContext();
  const store = layoutStore(join(project.folder, folder), { random: () => 'x' });
  const image = await loadPlatform(ctx, store, await resolveOrThrow(ctx, store, ''), parsePlatform(platform));
  return image.layers.map(({ descriptor }) => descriptor.digest);
}

describe('a base_image that is a spec', () => {
  it('is built first and kept beside, and the image has its layers', async () => {
    await file({ name: 'top', ...COPIES, base_image: { name: 'bottom', ...scratch, ...COPIES, env: { A: '1' } } });
    const { images } = built(await project.run(['build', '--json']));
    expect(images.map(({ name }) => name.split(':')[0])).toEqual(['bottom', 'top']);
    const [bottom, top] = await Promise.all(['.imagespec/bottom', '.imagespec/top'].map((one) => layersOf(one)));
    expect(top!.slice(0, bottom!.length)).toEqual(bottom);
    expect(top!.length).toBeGreaterThan(bottom!.length);
  });

  it('is pushed beside the image, and nothing is done the second time', async () => {
    registry = await startFakeRegistry();
    const { host, store } = registry;
    const base = { name: 'bottom', registry: `${host}/acme`, ...scratch, ...COPIES };
    await file({ name: 'top', registry: `${host}/acme`, base_image: base });
    const first = built(await project.run(['build', '--push', '--json']));
    expect(first.images.map(({ reference }) => reference.split('@')[0])).toEqual([
      `${host}/acme/bottom`,
      `${host}/acme/top`,
    ]);
    expect(store('acme/bottom').names.size).toBe(1);
    const second = built(await project.run(['build', '--push', '--json']));
    expect(second.images.map(({ status, digest }) => [status, digest])).toEqual(
      first.images.map(({ digest }) => ['exists', digest]),
    );
  });

  it('is built for the platforms of the image where it names none', async () => {
    await file({ name: 'top', platform: 'linux/arm64', base_image: { name: 'bottom', ...scratch, ...COPIES } });
    const { images } = built(await project.run(['build', '--json']));
    expect(images.map(({ platforms }) => platforms.map(({ platform }) => platform))).toEqual([
      ['linux/arm64'],
      ['linux/arm64'],
    ]);
  });

  it('is planned, and what stands on it is told to wait for it', async () => {
    await file({ name: 'top', base_image: { name: 'bottom', ...scratch, ...COPIES } });
    const { status, stdout } = await project.run(['build', '--plan', '--json']);
    expect(status).toBe(0);
    const { images } = JSON.parse(stdout) as { images: { name: string; platforms: { base: string }[] }[] };
    expect(images.map(({ name, platforms }) => [name, platforms[0]!.base.split(':')[0]])).toEqual([
      ['bottom', 'scratch'],
      ['top', 'bottom'],
    ]);
  });
});

describe('packages upon those of a base', () => {
  const wheel = (version: string, module: string) => ({
    name: `demo-${version}-py3-none-any.whl`,
    bytes: makeWheel([{ name: module, content: `x = "${version}"\n` }], { version }),
  });
  const MORE = {
    name: 'more-1.0-py3-none-any.whl',
    bytes: makeWheel([{ name: 'more.py', content: 'y = 1\n' }], { name: 'more' }),
  };
  const SITE = 'opt/venv/lib/python3.12/site-packages';

  it('replace them whole, and are not there twice', async () => {
    await addBase(project, await pythonBase());
    await addLock(project, [wheel('1.0', 'demo_old.py'), MORE]);
    await rename(join(project.folder, 'pylock.toml'), join(project.folder, 'pylock.old.toml'));
    await addLock(project, [wheel('2.0', 'demo_new.py'), MORE]);
    const base = { name: 'bottom', base_image: 'oci:base', requirements: 'pylock.old.toml' };
    await file({ name: 'top', base_image: base, requirements: 'pylock.toml' });
    const { images } = built(await project.run(['build', '--json']));
    const own = images[1]!.platforms[0]!.layers.filter(({ kind }) => kind === 'packages');
    expect(own.map(({ content }) => content)).toEqual(['demo 2.0']);
    const { about } = await readImage(join(project.folder, '.imagespec', 'top'));
    const paths = ['demo_old.py', 'demo-1.0.dist-info/RECORD', 'demo_new.py', 'demo-2.0.dist-info/RECORD', 'more.py'];
    expect(paths.map((path) => about(`${SITE}/${path}`) !== undefined)).toEqual([false, false, true, true, true]);
  });
});

describe('images of one file', () => {
  const IMAGES = {
    ...scratch,
    ...COPIES,
    images: { web: { base_image: 'common' }, common: {}, other: { name: 'third', env: { A: '1' } } },
  };

  it('are built, bases first, with what the file says for all', async () => {
    await file(IMAGES);
    const run = await project.run(['build', '--json', '--progress', 'plain']);
    const { images } = built(run);
    expect(images.map(({ name }) => name.split(':')[0])).toEqual(['common', 'web', 'third']);
    expect(run.stderr).toMatch(/^web: upload /m);
    expect(run.stderr).toMatch(/^other: info: built: oci:\.imagespec\/third$/m);
  });

  it('read a base that they share once', async () => {
    await addBase(project, await pythonBase());
    await file({ base_image: 'oci:base', images: { a: { env: { A: '1' } }, b: { env: { B: '1' } }, c: COPIES } });
    const { status, stderr } = await project.run(['build', '--progress', 'json']);
    expect(status, stderr).toBe(0);
    expect(stderr.match(/"step":"read base"/g)).toHaveLength(1);
  });

  it('are chosen by name, with what they stand on', async () => {
    await file(IMAGES);
    const { images } = built(await project.run(['build', '--json', '--image', 'web']));
    expect(images.map(({ name }) => name.split(':')[0])).toEqual(['common', 'web']);
    const tags = await project.run(['tag', '--image', 'web', '--image', 'other']);
    expect(tags.stdout.split('\n').map((line) => line.split(':')[0])).toEqual(['web', 'third', '']);
    const wrong = await project.run(['tag', '--image', 'wep']);
    expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringMatching(/no image "wep".*did you mean "web"/s)]);
  });

  it('cannot have one name', async () => {
    await file({
      ...scratch,
      images: { a: { name: 'x', tag_format: '1', env: { A: '1' } }, b: { name: 'x', tag_format: '1' } },
    });
    const { status, stderr } = await project.run(['build']);
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/a and b are different images, but both would be x:1 \[USAGE\]/),
    ]);
  });

  it('cannot share a place or tag', async () => {
    await file(IMAGES);
    for (const args of [
      ['-o', 'oci:out'],
      ['-t', 'latest'],
    ]) {
      const { status, stderr } = await project.run(['build', ...args]);
      expect([status, stderr]).toEqual([
        2,
        expect.stringMatching(/3 images are asked for.*\[USAGE\]\nhint: .*--image/s),
      ]);
    }
    built(await project.run(['build', '--json', '--image', 'web', '-o', 'oci:out:it']));
  });

  it('fail together, and only with what stands on them', async () => {
    await file({
      ...scratch,
      images: {
        good: { ...COPIES },
        bad: { copy: ['nosuch'] },
        upon: { base_image: 'bad' },
        worse: { base_image: 'oci:nowhere:x' },
      },
    });
    const { status, stderr } = await project.run(['build', '--progress', 'plain']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: 3 of 4 images were not built: bad, upon, worse \[IMAGES_FAILED\]$/m);
    expect(stderr).toMatch(/^ {2}- bad: .*\[COPY_NOT_FOUND\]/m);
    expect(stderr).toMatch(/^ {2}- upon: not begun, since it stands on bad$/m);
    expect(stderr).toMatch(/^ {2}- worse: .*\[NOT_FOUND\]/m);
    expect((await layersOf('.imagespec/good')).length).toBeGreaterThan(0);
  });
});

describe('several files', () => {
  it('are built in one call, each with its own paths', async () => {
    for (const [name, env] of [
      ['one', '1'],
      ['two', '2'],
    ] as const) {
      await mkdir(join(project.folder, name, 'app'), { recursive: true });
      await writeFile(join(project.folder, name, 'app', 'x'), name);
      const spec = { name, ...scratch, ...COPIES, env: { WHICH: env } };
      await writeFile(join(project.folder, name, 'imagespec.json'), JSON.stringify(spec));
    }
    const { images } = built(await project.run(['build', 'one', 'two/imagespec.json', '--json']));
    expect(images.map(({ name }) => name.split(':')[0])).toEqual(['one', 'two']);
    const { text } = await readImage(join(project.folder, '.imagespec', 'two'));
    expect(text('root/app/x')).toBe('two');
    const { stdout } = await project.run(['tag', 'one', 'two', '--json']);
    expect((JSON.parse(stdout) as { images: object[] }).images).toHaveLength(2);
    // The same base in both is no other image because it lies elsewhere.
    const bases = { name: 'base', ...scratch, env: { A: '1' } };
    for (const name of ['one', 'two']) {
      const upon = { name, base_image: bases };
      await writeFile(join(project.folder, name, 'imagespec.json'), JSON.stringify(upon));
    }
    built(await project.run(['build', 'one', 'two', '--json']));
    const wrong = await project.run(['build', 'one', 'three']);
    expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringMatching(/There is no .*three/)]);
  });
});

describe('standard input', () => {
  it('is a spec whose paths start in the working directory', async () => {
    const input = JSON.stringify({ name: 'piped', ...scratch, ...COPIES });
    const { images } = built(await project.run(['build', '-', '--json'], { input }));
    expect(images[0]!.name).toMatch(/^piped:/);
    const tag = await project.run(['tag', '-'], { input });
    expect(tag.stdout.trim()).toBe(images[0]!.name);
  });

  it('is told apart from files in errors', async () => {
    const { status, stderr } = await project.run(['tag', '-'], { input: 'nane: x\n' });
    expect([status, stderr]).toEqual([2, expect.stringMatching(/standard input:1:1: `nane` is not a parameter/)]);
  });
});

describe("flytekit's switches", () => {
  it('push nothing, or again', async () => {
    registry = await startFakeRegistry();
    const { host, store } = registry;
    await file({ name: 'it', registry: `${host}/acme`, ...scratch, ...COPIES });
    const off = await project.run(['build', '--push', '--json'], { env: { FLYTE_PUSH_IMAGE_SPEC: '0' } });
    expect(built(off).images[0]!.outputs).toEqual(['oci:.imagespec/it']);
    expect(off.stderr).toMatch(/FLYTE_PUSH_IMAGE_SPEC is 0: nothing is pushed/);
    expect(store('acme/it').names.size).toBe(0);
    built(await project.run(['build', '--push', '--json']));
    const env = { FLYTE_FORCE_PUSH_IMAGE_SPEC: 'True' };
    expect(built(await project.run(['build', '--push', '--json'], { env })).images[0]!.status).toBe('built');
    const wrong = await project.run(['build', '--push'], { env: { FLYTE_PUSH_IMAGE_SPEC: 'maybe' } });
    expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringMatching(/is "maybe".*\[USAGE\]/)]);
  });
});
