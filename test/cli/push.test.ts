import { execFileSync } from 'node:child_process';
import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildResult, ImageResult } from '../../src/build/result.ts';
import { copy } from '../../src/content/copy.ts';
import { createContext } from '../../src/core/context.ts';
import { sampleImage, sampleIndex } from '../contract/sample-image.ts';
import type { FakeRegistry, FakeRegistryOptions } from '../registry/fake-registry.ts';
import { startFakeRegistry } from '../registry/fake-registry.ts';
import type { CliRun } from './run-cli.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';

let project: Project;
let registry: FakeRegistry | undefined;

async function start(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  registry = await startFakeRegistry(options);
  return registry;
}

beforeEach(async () => {
  project = await createProject();
});
afterEach(async () => {
  await project.remove();
  await registry?.close();
  registry = undefined;
});

async function pushed(...args: string[]): Promise<ImageResult> {
  const { status, stdout, stderr } = await project.run(['build', '--push', '--json', ...args]);
  expect(status, stderr).toBe(0);
  return (JSON.parse(stdout) as BuildResult).images[0]!;
}

const asked = ({ requests }: FakeRegistry): string[] =>
  requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`);

describe('build --push', () => {
  it('puts the image under its tag and answers with its digest', async () => {
    const { host, store } = await start();
    await project.spec({ base_image: 'scratch', registry: `${host}/acme` });
    const image = await pushed();
    expect(image.reference).toBe(`${host}/acme/hello@${image.digest}`);
    const tag = image.name.slice(image.name.lastIndexOf(':') + 1);
    expect(store('acme/hello').names.get(tag)?.digest).toBe(image.digest);
  });

  it('gives further tags', async () => {
    const { host, store } = await start();
    await project.spec({ base_image: 'scratch', registry: `${host}/acme` });
    await pushed('-t', 'latest', '-t', 'v1');
    expect([...store('acme/hello').names.keys()]).toEqual(expect.arrayContaining(['latest', 'v1']));
  });

  it('answers an unchanged spec with one request for the image and one for the base', async () => {
    const fake = await start();
    await copy(createContext(), await sampleIndex('base'), fake.store('base'), ['1']);
    await project.spec({ base_image: `${fake.host}/base:1`, registry: `${fake.host}/acme` });
    const first = await pushed();
    fake.requests.length = 0;
    const second = await pushed();
    expect(second).toMatchObject({ status: 'exists', digest: first.digest, bytes: { downloaded: 0, uploaded: 0 } });
    expect(asked(fake).toSorted()).toEqual([
      expect.stringMatching(/^HEAD \/v2\/acme\/hello\/manifests\//),
      'HEAD /v2/base/manifests/1',
    ]);
  });

  it('uploads the changed layer, config and manifest, and mounts or finds the rest', async () => {
    const fake = await start();
    await copy(createContext(), await sampleImage('base'), fake.store('base'), ['1']);
    await project.spec({ base_image: `${fake.host}/base:1`, registry: `${fake.host}/acme` });
    const first = await pushed();
    expect(first.platforms[0]?.layers.map(({ transfer }) => transfer)).toEqual([
      'mounted',
      'mounted',
      'uploaded',
      'uploaded',
    ]);
    await appendFile(join(project.folder, 'app', 'hello.txt'), 'more\n');
    fake.requests.length = 0;
    const second = await pushed();
    expect(second.platforms[0]?.layers.map(({ kind, transfer }) => `${kind} ${transfer}`)).toEqual([
      'base exists',
      'base exists',
      'user exists',
      'files uploaded',
    ]);
    expect(asked(fake).filter((line) => line.startsWith('PUT')).length).toBe(3);
  });

  it('says that the base has moved, and builds anew only when forced', async () => {
    const fake = await start();
    await copy(createContext(), await sampleImage('base'), fake.store('base'), ['1']);
    await project.spec({ base_image: `${fake.host}/base:1`, registry: `${fake.host}/acme` });
    const first = await pushed();
    await copy(createContext(), await sampleImage('newer'), fake.store('base'), ['1']);
    const second = await pushed();
    expect(second).toMatchObject({ status: 'exists', digest: first.digest });
    expect(second.warnings[0]).toContain('have changed');
    const third = await pushed('--force');
    expect(third.status).toBe('built');
    expect(third.digest).not.toBe(first.digest);
  });

  it('sees that other sources are copied under an equal tag', async () => {
    const { host } = await start();
    execFileSync('git', ['init', '-q'], { cwd: project.folder });
    await project.spec({
      base_image: 'scratch',
      registry: `${host}/acme`,
      source_root: 'app',
      source_copy_mode: 'ALL',
    });
    const first = await pushed();
    expect(await pushed()).toMatchObject({ status: 'exists', digest: first.digest, warnings: [] });
    await appendFile(join(project.folder, '.git', 'info', 'exclude'), 'hello.txt\n');
    const second = await pushed();
    expect(second).toMatchObject({ status: 'exists', digest: first.digest });
    expect(second.warnings[0]).toContain('have changed');
    await appendFile(join(project.folder, 'app', 'hello.txt'), 'more\n');
    expect(await pushed()).toMatchObject({ status: 'built' });
  });

  it('works from a Docker-typed base and writes OCI types only', async () => {
    const fake = await start();
    await copy(createContext(), await sampleImage('base'), fake.store('base'), ['1']);
    await project.spec({ base_image: `${fake.host}/base:1`, registry: `${fake.host}/acme` });
    const image = await pushed();
    const manifest = fake.store('acme/hello').blobs.get(image.digest);
    expect(new TextDecoder().decode(manifest?.bytes)).not.toContain('docker');
  });

  it('refuses to push where the spec names no registry', async () => {
    await project.spec({ base_image: 'scratch' });
    const { status, stderr } = await project.run(['build', '--push']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/names no registry[\s\S]*hint: Set `registry:`/);
  });
});

async function fails(fields: Readonly<Record<string, unknown>>, ...args: string[]): Promise<CliRun> {
  await project.spec(fields);
  const ran = await project.run(['build', ...args]);
  expect(ran.stdout).toBe('');
  expect(await readdir(project.folder)).not.toContain('imagespec.lock');
  return ran;
}

describe('what can go wrong', () => {
  it('says how to log in where credentials are wanted', async () => {
    const { host } = await start({ auth: { scheme: 'basic', username: 'me', password: 'secret' } });
    const { status, stderr } = await fails({ base_image: 'scratch', registry: `${host}/acme` }, '--push');
    expect(status).toBe(1);
    expect(stderr).toMatch(/UNAUTHORIZED/);
    expect(stderr).toMatch(/login/);
  });

  it('never takes a refusal for absence', async () => {
    const { host } = await start({
      faults: [
        { method: 'HEAD', path: /manifests/, go: { status: 403 } },
        { method: 'GET', path: /manifests/, go: { status: 403 } },
      ],
    });
    const { status, stderr } = await fails({ base_image: 'scratch', registry: `${host}/acme` }, '--push');
    expect(status).toBe(1);
    expect(stderr).toMatch(/FORBIDDEN/);
  });

  it('names the base that does not exist', async () => {
    const { host } = await start();
    const { status, stderr } = await fails({ base_image: `${host}/base:none` });
    expect({ status, found: /NOT_FOUND/.test(stderr) }).toEqual({ status: 1, found: true });
    expect(stderr).toContain('base');
  });

  it('lists the platforms that a base exists for', async () => {
    const fake = await start();
    await copy(createContext(), await sampleIndex('base'), fake.store('base'), ['1']);
    const { status, stderr } = await fails({ base_image: `${fake.host}/base:1`, platform: 'linux/s390x' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/BASE_PLATFORM_MISSING[\s\S]*linux\/amd64, linux\/arm64/);
  });

  it('says that a base has no Python', async () => {
    const fake = await start();
    await copy(createContext(), await sampleImage('base'), fake.store('base'), ['1']);
    const { status, stderr } = await fails({ base_image: `${fake.host}/base:1`, packages: ['six'] });
    expect(status).toBe(1);
    expect(stderr).toMatch(/INTERPRETER_MISSING/);
  });

  it('names a missing requirements file', async () => {
    const { status, stderr } = await fails({ base_image: 'scratch', requirements: 'nowhere.txt' });
    expect(status).toBe(2);
    expect(stderr).toMatch(/nowhere\.txt[\s\S]*REQUIREMENTS_NOT_FOUND/);
  });

  it('says that a registry cannot be reached', async () => {
    const fake = await start();
    await fake.close();
    registry = undefined;
    const { status, stderr } = await fails({ base_image: `${fake.host}/base:1` });
    expect(status).toBe(1);
    expect(stderr).toMatch(/NETWORK/);
  }, 60_000);

  it('notices a base that is not what its digest says', async () => {
    const fake = await start();
    const image = await sampleImage('base');
    await copy(createContext(), image, fake.store('base'), ['1']);
    const { digest } = image.layers[1]!.descriptor;
    const blob = fake.store('base').blobs.get(digest)!;
    fake.store('base').blobs.set(digest, { ...blob, bytes: Uint8Array.from(blob.bytes).fill(7, 100, 110) });
    const { status, stderr } = await fails({ base_image: `${fake.host}/base:1` });
    expect(status).toBe(1);
    expect(stderr).toMatch(/DIGEST_MISMATCH|LAYER_INVALID/);
  });

  it('says where the cache cannot be written', async () => {
    await project.spec({ base_image: 'scratch' });
    // A file where a folder is wanted stops even root.
    const inTheWay = join(project.folder, 'app', 'hello.txt');
    const { status, stderr } = await project.run(['build'], { env: { IMAGESPEC_CACHE: join(inTheWay, 'cache') } });
    expect(status).toBe(1);
    expect(stderr).toMatch(/CACHE_UNWRITABLE[\s\S]*IMAGESPEC_CACHE/);
  });

  it('ends with 130 when interrupted, and leaves nothing half-written', async () => {
    const base = await sampleImage('base');
    const layer = new RegExp(base.layers[0]!.descriptor.digest);
    const fake = await start({ faults: [{ method: 'GET', path: layer, go: 'hang' }] });
    await copy(createContext(), base, fake.store('base'), ['1']);
    await project.spec({ base_image: `${fake.host}/base:1` });
    const args = ['build', '-o', 'oci:out', '--progress', 'json'];
    const ran = await project.run(args, { interruptAt: /"step":"read base"/ });
    expect(ran.status).toBe(130);
    expect(ran.stderr).toMatch(/ABORTED/);
    expect(await readdir(project.folder)).toEqual(['app', 'imagespec.yaml']);
    const left = (await readdir(project.cache, { recursive: true })).filter((name) =>
      /scratch\/|\.tmp|part/.test(name),
    );
    expect(left).toEqual([]);
  });
});
