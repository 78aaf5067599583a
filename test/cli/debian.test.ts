import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BuildResult } from '../../src/build/result.ts';
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
