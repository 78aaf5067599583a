import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LockFile } from '../../src/build/lock-file.ts';
import type { BuildResult, PlanResult } from '../../src/build/result.ts';
import { loadPlatform, resolveOrThrow } from '../../src/content/load.ts';
import type { BaseFacts } from '../../src/filesystem/facts.ts';
import { readFacts } from '../../src/filesystem/read-layers.ts';
import { layoutStore } from '../../src/store/layout.ts';
import { testContext } from '../registry/setup.ts';
import type { DebianProject } from './debian-archive.ts';
import { debianProject } from './debian-archive.ts';
import { refused } from './refused.ts';

const ctx = testContext();

/** What one platform of `oci:out` is made of. */
async function factsOf({ folder }: DebianProject, architecture: string): Promise<BaseFacts> {
  const store = layoutStore(join(folder, 'out'), { random: () => 'x' });
  const root = await resolveOrThrow(ctx, store, '');
  const image = await loadPlatform(ctx, store, root, { os: 'linux', architecture });
  return readFacts(ctx, image.layers, { capture: () => 1 << 20 });
}

const textOf = ({ captured }: BaseFacts, path: string): string | undefined =>
  captured.has(path) ? new TextDecoder().decode(captured.get(path)) : undefined;

async function build(project: DebianProject, ...args: string[]): Promise<BuildResult['images'][0]> {
  const { status, stdout, stderr } = await project.run(['build', '--json', '-o', 'oci:out', ...args]);
  expect(status, stderr).toBe(0);
  return (JSON.parse(stdout) as BuildResult).images[0]!;
}

const lockOf = async ({ folder }: DebianProject): Promise<LockFile> =>
  JSON.parse(await readFile(join(folder, 'imagespec.lock'), 'utf8')) as LockFile;

describe('an image from nothing', () => {
  it('has packages, database and what scripts made, for each platform', async () => {
    const project = await debianProject();
    await project.want(['tool'], { platform: 'linux/amd64,linux/arm64' });
    const image = await build(project);
    expect(image.platforms.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
    expect(image.platforms[0]!.layers.map(({ kind }) => kind)).toContain('debian');
    expect(image.warnings).toEqual([]);
    for (const architecture of ['amd64', 'arm64']) {
      const facts = await factsOf(project, architecture);
      expect(facts.entries.get('bin')).toMatchObject({ type: 'symlink', target: 'usr/bin' });
      expect(facts.entries.get('usr/bin/tool')).toMatchObject({ type: 'file', mode: 0o755 });
      expect(facts.entries.get('usr/bin/tool-alias')).toMatchObject({ type: 'symlink', target: 'tool' });
      expect(facts.entries.get('tmp')).toMatchObject({ mode: 0o1777 });
      const status = textOf(facts, 'var/lib/dpkg/status') ?? '';
      expect(status.match(/^Package: .*/gm)).toEqual(
        ['base-files', 'base-passwd', 'libtool1', 'tool'].map((name) => `Package: ${name}`),
      );
      expect(status).not.toMatch(/^Status: (?!install ok installed$)/m);
      expect(status).toMatch(new RegExp(`^Package: tool\\n.*\\nMaintainer.*\\nArchitecture: ${architecture}$`, 'm'));
      expect(textOf(facts, 'var/lib/dpkg/info/tool.list')).toContain('/bin/tool\n');
      expect(facts.entries.has(`var/lib/dpkg/info/libtool1:${architecture}.list`)).toBe(true);
      expect(textOf(facts, 'etc/passwd')).toMatch(/^root:.*\nflytekit:x:1000:/);
    }
  });

  it('takes lines and variables for sources', async () => {
    const project = await debianProject();
    const { host, pathname } = new URL(project.mirror.uri);
    const line = `deb [signed-by=key.asc] http://\${MIRROR} bookworm main`;
    await project.want(['tool'], { apt_sources: [line] });
    await refused(project, ['build', '-o', 'oci:out'], 'APT_SOURCES_INVALID', [
      /apt_sources\[0\]/,
      /MIRROR is not set/,
    ]);
    const { status, stderr } = await project.run(['build', '-o', 'oci:out'], { env: { MIRROR: `${host}${pathname}` } });
    expect(status, stderr).toBe(0);
  });

  it('is planned before a package is fetched', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    const plan = async (): Promise<PlanResult> =>
      JSON.parse((await project.run(['build', '--plan', '--json', '-o', 'oci:out'])).stdout) as PlanResult;
    const before = await plan();
    expect(before.platforms[0]!.layers.filter(({ kind }) => kind === 'debian').length).toBeGreaterThan(0);
    await build(project);
    const after = await plan();
    expect(
      after.platforms[0]!.layers.filter(({ kind }) => kind === 'debian').map(({ action }) => action),
    ).not.toContain('pack');
  });
});

describe('the lock', () => {
  it('names every package, and is believed as long as the question is the same', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    const first = await build(project);
    const { debian } = (await lockOf(project)).platforms['linux/amd64']!;
    expect(debian?.packages.map(({ name, version, requested }) => ({ name, version, requested }))).toEqual(
      expect.arrayContaining([
        { name: 'tool', version: '1:2.0-1', requested: true },
        { name: 'libtool1', version: '1.0', requested: false },
        { name: 'base-files', version: '1.0', requested: false },
      ]),
    );
    expect(debian?.packages.every(({ url }) => url.startsWith(project.mirror.uri))).toBe(true);
    const asked = project.mirror.asked().length;
    await rm(join(project.folder, 'out'), { recursive: true });
    const again = await build(project, '--frozen');
    expect(again.digest).toBe(first.digest);
    expect(project.mirror.asked().length).toBe(asked);
  });

  it('may not change when it is frozen', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    await build(project);
    await project.want(['tool', 'rival']);
    await refused(project, ['build', '--frozen', '-o', 'oci:out'], 'LOCK_CHANGED', [/does not fit the requirements/]);
    await project.want(['tool'], { platform: 'linux/arm64' });
    await refused(project, ['build', '--frozen', '-o', 'oci:out'], 'LOCK_CHANGED', [/knows nothing of linux\/arm64/]);
  });
});

describe('the cache', () => {
  it('is enough without a network, and what it has lost comes again to the same bytes', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    const first = await build(project);
    await rm(join(project.folder, 'imagespec.lock'));
    await rm(join(project.folder, 'out'), { recursive: true });
    expect((await build(project, '--offline')).digest).toBe(first.digest);
    await rm(join(project.cache, 'v1', 'blobs'), { recursive: true });
    await rm(join(project.folder, 'out'), { recursive: true });
    expect((await build(project)).digest).toBe(first.digest);
    await rm(project.cache, { recursive: true });
    await rm(join(project.folder, 'out'), { recursive: true });
    await refused(project, ['build', '--offline', '-o', 'oci:out'], 'OFFLINE', [/--offline was given/]);
    expect((await build(project)).digest).toBe(first.digest);
  });
});

describe('what cannot be configured', () => {
  it('is refused by name, or left unpacked', async () => {
    const project = await debianProject();
    await project.want(['needy']);
    await refused(project, ['build', '-o', 'oci:out'], 'CONFIGURE_UNSUPPORTED', [
      /The postinst script of needy 1\.0 cannot be carried out: update-mime-database/,
      /apt_configure: never/,
    ]);
    await project.want(['needy'], { apt_configure: 'never' });
    const { warnings } = await build(project);
    expect(warnings).toEqual([expect.stringMatching(/^linux\/amd64: needy is left unpacked, not configured/)]);
    expect(textOf(await factsOf(project, 'amd64'), 'var/lib/dpkg/status')).toMatch(
      /^Package: needy\nStatus: install ok unpacked$/m,
    );
    expect((await project.run(['build', '-o', 'oci:again'])).stderr).toContain('needy is left unpacked');
  });
});

describe('a file beside the spec', () => {
  it('is the keyring, and must be one', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    await writeFile(join(project.folder, 'key.asc'), 'no key\n');
    await refused(project, ['build', '-o', 'oci:out'], 'APT_SOURCES_INVALID', [/key\.asc is not a keyring/]);
    await rm(join(project.folder, 'key.asc'));
    await refused(project, ['build', '-o', 'oci:out'], 'APT_SOURCES_INVALID', [/key\.asc/]);
  });
});
