// Parameters that are no files: what the config and the manifest of the image say of them.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Project } from './project.ts';
import { createProject } from './project.ts';
import { readImage } from './read-image.ts';
import { refused } from './refused.ts';

let project: Project;
beforeEach(async () => {
  project = await createProject();
});
afterEach(() => project.remove());

interface Document {
  readonly annotations: Readonly<Record<string, string>>;
  readonly config: { readonly digest: string };
  readonly manifests: readonly { readonly digest: string }[];
}

interface Config {
  readonly config: Readonly<Record<string, unknown>>;
}

const out = (...path: string[]): Promise<string> => readFile(join(project.folder, 'out', ...path), 'utf8');
const blob = async <T>(digest: string): Promise<T> => JSON.parse(await out('blobs', ...digest.split(':'))) as T;

/** Manifest or index, and config of the first image. */
async function built(
  fields: Readonly<Record<string, unknown>>,
): Promise<{ root: Document; image: Document; run: Config['config'] }> {
  await project.spec({ base_image: 'scratch', ...fields });
  const { status, stderr } = await project.run(['build', '-o', 'oci:out']);
  expect(status, stderr).toBe(0);
  const { manifests } = JSON.parse(await out('index.json')) as Document;
  const root = await blob<Document>(manifests.at(-1)!.digest);
  const image = root.manifests ? await blob<Document>(root.manifests[0]!.digest) : root;
  const { config } = await blob<Config>(image.config.digest);
  return { root, image, run: config };
}

it('start the image as they say', async () => {
  const { run } = await built({
    entrypoint: ['serve'],
    cmd: ['--port', ''],
    workdir: '/srv/app',
    env: { GREETING: 'a b="c"', N: 1 },
    labels: { a: 'b c', n: 1 },
  });
  expect(run).toMatchObject({
    Entrypoint: ['serve'],
    Cmd: ['--port', ''],
    WorkingDir: '/srv/app',
    Labels: { a: 'b c', n: '1' },
  });
  const env = (config: Config['config']): string[] =>
    (config['Env'] as string[]).filter((line) => !/^(?:PATH|_F_IMG_ID)=/.test(line));
  expect(env(run)).toEqual(['PYTHONPATH=/root', 'GREETING=a b="c"', 'N=1']);
  const without = await built({});
  expect(env(without.run)).toEqual(['PYTHONPATH=/root']);
  expect(without.run).toMatchObject({ WorkingDir: '/root' });
  expect(without.run).not.toHaveProperty('Labels');
  expect(without.run).not.toHaveProperty('Cmd');
});

it('say whose files they are, and who runs', async () => {
  const owners = async (user: string | undefined) => {
    await rm(join(project.folder, 'out'), { recursive: true, force: true });
    const { run } = await built({ user });
    const { about, text } = await readImage(join(project.folder, 'out'));
    const accounts = about('etc/passwd') === undefined ? '' : text('etc/passwd');
    return [run['User'], about('root'), about('root/app/hello.txt'), accounts.split('\n')[1]?.split(':')[0]];
  };
  expect(await owners(undefined)).toEqual(['flytekit', '755 1000:0 directory', '644 1000:1000 file', 'flytekit']);
  expect(await owners('app')).toEqual(['app', '755 1000:0 directory', '644 1000:1000 file', 'app']);
  expect(await owners('5:7')).toEqual(['5:7', '755 5:0 directory', '644 5:7 file', undefined]);
  expect(await owners('root')).toEqual(['root', '755 0:0 directory', '644 0:0 file', undefined]);
});

it('annotate images and their index, and change no layer', async () => {
  const source = 'org.opencontainers.image.source';
  const fields = { annotations: { [source]: 'https://git.example/x' } };
  const one = await built(fields);
  expect(one.root.annotations).toMatchObject({ [source]: 'https://git.example/x' });
  const two = await built({ ...fields, platform: 'linux/amd64,linux/arm64' });
  expect(two.root.manifests).toHaveLength(2);
  for (const { annotations } of [two.root, two.image])
    expect(annotations).toMatchObject({ [source]: 'https://git.example/x' });
});

it.each([
  ['workdir', 'app', /"app": this is not a path from the root/],
  ['annotations', { 'dev.imagespec.lock': 'x' }, /our own/],
  ['labels', ['a=b'], /must be a mapping of names to text/],
  ['labels', { a: { b: 'c' } }, /must be text/],
  ['cmd', 'serve', /must be a list/],
  ['user', 'My App', /cannot be "My App"/],
])('%s cannot be %j', async (field, value, words) => {
  await project.spec({ base_image: 'scratch', [field]: value });
  await refused(project, ['build'], 'SPEC_INVALID', [words]);
});
