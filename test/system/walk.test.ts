// The whole walk on real input: Debian base, real registries, everyday wheels; the image is read by others and started.
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildResult, ImageResult } from '../../src/build/result.ts';
import { runCli } from '../cli/run-cli.ts';
import { bookwormIndex } from './ground/bases.ts';
import { certificates } from './ground/environment.ts';
import { GROUND, run } from './ground/folder.ts';
import { createPodman } from './ground/podman.ts';
import type { Podman, StorageDriver } from './ground/podman.ts';
import type { Registry } from './ground/registry.ts';
import { freePort, pushTo, startRegistry } from './ground/registry.ts';
import { writeSample } from './sample.ts';

/** Wheels are kept from run to run; layers too, which the tests that need fresh ones drop. */
const CACHE = join(GROUND, 'imagespec-cache');

let registry: Registry;
let other: Registry;
let folder: string;
let image: ImageResult;

async function build(...args: string[]): Promise<ImageResult> {
  const { status, stdout, stderr } = await runCli(['build', '--json', ...args], {
    cwd: folder,
    cache: CACHE,
    env: certificates(),
  });
  expect(status, stderr).toBe(0);
  return (JSON.parse(stdout) as BuildResult).images[0]!;
}

const manifestOf = (result: ImageResult, platform: string) =>
  result.platforms.find((one) => one.platform === platform)!;

interface Installed {
  readonly name: string;
  readonly version: string;
  readonly requested: boolean;
}

const sorted = (list: readonly Installed[]): Installed[] => [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
const normalized = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, '-');

/** What pip sees, once it has told that all of it is ours. */
function inspected(json: string): Installed[] {
  const { installed } = JSON.parse(json) as {
    installed: { metadata: { name: string; version: string }; installer: string; requested: boolean }[];
  };
  expect(new Set(installed.map(({ installer }) => installer))).toEqual(new Set(['imagespec']));
  return sorted(
    installed.map(({ metadata: { name, version }, requested }) => ({ name: normalized(name), version, requested })),
  );
}

async function lockedFor(platform: string): Promise<Installed[]> {
  const lock = JSON.parse(await readFile(join(folder, 'imagespec.lock'), 'utf8')) as {
    platforms: Record<string, { wheels: Installed[] }>;
  };
  const wheels = lock.platforms[platform]?.wheels ?? [];
  expect(wheels.length).toBeGreaterThan(20);
  return sorted(wheels.map(({ name, version, requested }) => ({ name, version, requested })));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-walk-'));
  [registry, other] = await Promise.all([startRegistry('distribution 2.8'), startRegistry('distribution 3')]);
  await pushTo(registry.host, 'debian-python', 'bookworm', await bookwormIndex());
  const base = `${registry.host}/debian-python:bookworm`;
  await writeSample(folder, {
    registry: `${registry.host}/acme`,
    base_image: base,
    platform: 'linux/amd64,linux/arm64',
    entrypoint: ['uvicorn', 'app.main:api', '--host', '127.0.0.1'],
  });
  await registry.forget();
  image = await build('--push', '-o', `docker://${other.host}/acme/sample:copy`);
});

afterAll(async () => {
  await registry?.stop();
  await other?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a spec with everyday wheels, for two platforms', () => {
  it('gives one index in one run', () => {
    expect(image.status).toBe('built');
    expect(image.mediaType).toBe('application/vnd.oci.image.index.v1+json');
    expect(image.platforms.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
  });

  it('mounts the base instead of uploading it again', async () => {
    const base = image.platforms.flatMap(({ layers }) => layers.filter(({ origin }) => origin === 'base'));
    expect(base.map(({ transfer }) => transfer)).toEqual(['mounted', 'mounted']);
    const puts = (await registry.requests()).filter(({ method, path }) => method === 'PUT' && path.includes('/blobs/'));
    for (const { digest } of base)
      expect(puts.filter(({ path }) => path.includes(encodeURIComponent(digest)))).toEqual([]);
  });

  it.each(['first', 'second'])('is valid for crane at the %s registry', async (which) => {
    const place = which === 'first' ? `${registry.host}/acme/sample@${image.digest}` : `${other.host}/acme/sample:copy`;
    expect(await run('crane', ['validate', '--insecure', '--remote', place])).toContain('PASS');
  });

  it('is copied by skopeo and unpacked by umoci', async () => {
    const out = join(folder, 'by-skopeo');
    await run('skopeo', [
      'copy',
      '--quiet',
      '--src-tls-verify=false',
      `docker://${registry.host}/acme/sample@${manifestOf(image, 'linux/amd64').digest}`,
      `oci:${out}:x`,
    ]);
    await run('umoci', ['unpack', '--image', `${out}:x`, join(folder, 'by-umoci')]);
    expect(await run('ls', [join(folder, 'by-umoci', 'rootfs', 'opt', 'venv', 'bin')])).toContain('uvicorn');
  });

  const placeOf = (result: ImageResult): string =>
    `${registry.host}/acme/sample@${manifestOf(result, 'linux/amd64').digest}`;
  const python = ['--entrypoint', 'python'];

  it.each<[string, StorageDriver, boolean]>([
    ['overlay', 'overlay', false],
    ['vfs', 'vfs', false],
    ['overlay, by a user who is not root', 'overlay', true],
  ])('starts in podman with %s, as its user, imports all and has its console scripts', async (_, driver, rootless) => {
    const podman = await createPodman(driver, { rootless });
    try {
      const said = JSON.parse(await podman.run(placeOf(image), ['-m', 'app.check'], python)) as unknown;
      const tools = ['Running', expect.stringMatching(/^\d/)];
      expect(said).toEqual({ uid: 1000, cwd: '/root', prefix: '/opt/venv', tools, writable: true });
    } finally {
      await podman.close();
    }
  });

  describe('started', () => {
    let podman: Podman;
    beforeAll(async () => {
      podman = await createPodman('overlay');
    });
    afterAll(() => podman?.close());

    it('serves by its entrypoint', async () => {
      const port = String(await freePort());
      const answer = await podman.ask(placeOf(image), ['--port', port], `http://127.0.0.1:${port}/`);
      expect(answer).toBe('{"message":"hello"}');
    });

    it('has what its lock says, for pip check and pip inspect too', async () => {
      const pip = (...args: string[]): Promise<string> => podman.run(placeOf(image), ['-m', 'pip', ...args], python);
      expect(await pip('check')).toContain('No broken requirements');
      expect(inspected(await pip('inspect', '--local'))).toEqual(await lockedFor('linux/amd64'));
    });
  });

  it('holds aarch64 programs only in what it adds for arm64', async () => {
    const added = manifestOf(image, 'linux/arm64').layers.filter(({ origin }) => origin !== 'base');
    const machines = new Set<string>();
    for (const { digest } of added) {
      const listing = await run('sh', [
        '-c',
        `crane blob --insecure ${registry.host}/acme/sample@${digest} | python3 ${join(import.meta.dirname, 'ground', 'elf-machines.py')}`,
      ]);
      for (const machine of listing.split('\n').filter(Boolean)) machines.add(machine);
    }
    expect([...machines]).toEqual(['183']);
  });
});

describe('the same spec again', () => {
  it('builds nothing and asks the registry at most twice', async () => {
    await build('--push');
    await registry.forget();
    const again = await build('--push');
    expect(again).toMatchObject({ status: 'exists', digest: image.digest, bytes: { downloaded: 0, uploaded: 0 } });
    const requests = await registry.requests();
    expect(requests.map(({ method }) => method)).toEqual(['HEAD', 'HEAD']);
  });

  it('uploads one layer, configs and manifests after a change under copy', async () => {
    await appendFile(join(folder, 'app', 'main.py'), '# changed\n');
    await registry.forget();
    const changed = await build('--push');
    const uploaded = changed.platforms.flatMap(({ layers }) =>
      layers.filter(({ transfer }) => transfer === 'uploaded'),
    );
    expect(new Set(uploaded.map(({ kind }) => kind))).toEqual(new Set(['files']));
    const puts = (await registry.requests()).filter(({ method }) => method === 'PUT');
    const blobs = puts.filter(({ path }) => path.includes('/blobs/uploads/'));
    // One layer for both platforms, a config each; a manifest each and the index.
    expect(blobs).toHaveLength(new Set(uploaded.map(({ digest }) => digest)).size + 2);
    expect(puts.filter(({ path }) => path.includes('/manifests/'))).toHaveLength(3);
  });
});
