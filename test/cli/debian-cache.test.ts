// What a build knows of Debian packages is neither asked for nor fetched again: by the lock file, by the cache, without a network.
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debianProject, forBoth, PACKAGES } from './debian-archive.ts';
import type { DebianProject } from './debian-archive.ts';
import { built, layersOf, lockedDebs, namesOf } from './debian-build.ts';
import { refused } from './refused.ts';

const BOTH = 'linux/amd64,linux/arm64';
const OTHER = ['-o', 'oci:other'];

/** Paths that were asked for since the last time. */
function counter({ mirror }: DebianProject): () => string[] {
  let seen = 0;
  return () => {
    const all = mirror.asked();
    const more = all.slice(seen);
    seen = all.length;
    return more.sort();
  };
}

async function filesOf(cache: string): Promise<Map<string, string>> {
  const found = await readdir(cache, { recursive: true, withFileTypes: true });
  return new Map(found.filter((one) => one.isFile()).map((one) => [one.name, join(one.parentPath, one.name)]));
}

/** Removes these blobs from the cache, which must have them. */
async function lose({ cache }: DebianProject, digests: readonly string[]): Promise<void> {
  const files = await filesOf(cache);
  for (const digest of digests) await rm(files.get(digest.replace('sha256:', ''))!);
}

const LARGE_BYTES = 2 << 20;

/** Removes all large files of the cache; how many there were. */
async function loseLarge({ cache }: DebianProject): Promise<number> {
  let count = 0;
  for (const file of (await filesOf(cache)).values()) {
    if ((await stat(file)).size < LARGE_BYTES) continue;
    await rm(file);
    count++;
  }
  return count;
}

const newer = [...PACKAGES, { ...PACKAGES.find(({ name }) => name === 'tool')!, version: '1:2.1-1' }].flatMap(forBoth);

describe('a lock file', () => {
  it('is all that another machine needs, but for the packages that it names', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    const { digest } = await built(project);
    const locked = await lockedDebs(project);
    expect(namesOf(locked)).toEqual(['base-files 1.0', 'base-passwd 1.0', 'libtool1 1.0', 'tool 1:2.0-1']);
    const order = locked.map(({ name }) => name);
    expect(order.indexOf('libtool1')).toBeLessThan(order.indexOf('tool'));
    expect(locked.find(({ name }) => name === 'tool')).toEqual({
      name: 'tool',
      version: '1:2.0-1',
      architecture: 'amd64',
      url: `${project.mirror.uri}pool/tool_1%3A2.0-1_amd64.deb`,
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      size: expect.any(Number),
      requested: true,
      suites: ['bookworm', 'oldstable'],
    });
    const asked = counter(project);
    asked();
    await project.publish({ packages: newer });
    const there = await built(project, ['--frozen'], { cache: `${project.cache}-there` });
    expect(there.digest).toBe(digest);
    expect(asked()).toEqual(locked.map(({ url }) => decodeURIComponent(url).slice(project.mirror.uri.length)).sort());
    expect(await lockedDebs(project)).toEqual(locked);
  });

  it('that is frozen asks for nothing before it refuses', async () => {
    const project = await debianProject();
    await project.want(['libtool1']);
    await built(project);
    const asked = counter(project);
    asked();
    const before = await readFile(join(project.folder, 'imagespec.lock'), 'utf8');
    for (const more of [{ apt_packages: ['tool'] }, { apt_essential: true }, { apt_sources: ['deb file:/x y z'] }]) {
      await project.want(['libtool1'], more);
      await refused(project, ['build', '--frozen', ...OTHER], 'LOCK_CHANGED', [/does not fit .* for linux\/amd64/]);
    }
    expect(asked()).toEqual([]);
    expect(await readFile(join(project.folder, 'imagespec.lock'), 'utf8')).toBe(before);
  });

  it('keeps one platform as it is while another is added', async () => {
    const project = await debianProject();
    await project.want(['tool'], { platform: 'linux/arm64' });
    await built(project);
    const before = await lockedDebs(project, 'linux/arm64');
    await project.publish({ packages: newer });
    await project.want(['tool'], { platform: BOTH });
    await built(project);
    expect(await lockedDebs(project, 'linux/arm64')).toEqual(before);
    expect(namesOf(await lockedDebs(project))).toContain('tool 1:2.1-1');
    await project.want(['tool'], { platform: 'linux/amd64' });
    await built(project);
    expect(await lockedDebs(project, 'linux/arm64')).toEqual(before);
  });
});

describe('nothing is fetched twice', () => {
  it('by a second build, with known layers or without', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    const { digest } = await built(project);
    const asked = counter(project);
    expect(asked().filter((path) => path.startsWith('pool/'))).toHaveLength(4);
    const again = await built(project);
    expect(layersOf(again).map(({ origin }) => origin)).not.toContain('built');
    expect(again.bytes.downloaded).toBe(0);
    const anew = await built(project, ['--no-cache']);
    expect(layersOf(anew).map(({ origin }) => origin)).not.toContain('reused');
    expect([again.digest, anew.digest]).toEqual([digest, digest]);
    expect(asked()).toEqual([]);
  });

  it('when the cache has lost packages whose contents it has', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    const { digest } = await built(project);
    await lose(
      project,
      (await lockedDebs(project)).map((one) => one.digest),
    );
    const asked = counter(project);
    asked();
    expect((await built(project, ['--no-cache'])).digest).toBe(digest);
    expect(asked()).toEqual([]);
  });

  it('but what has been lost for good, to the same bytes', async () => {
    const content = randomBytes(LARGE_BYTES);
    const bulky = forBoth({ name: 'bulky', entries: [{ path: 'usr/share/bulky', content }] });
    const project = await debianProject({ packages: [...PACKAGES.flatMap(forBoth), ...bulky] });
    await project.want(['bulky', 'tool']);
    const { digest } = await built(project);
    const asked = counter(project);
    // The package, and its contents, which its layer is made of.
    expect(await loseLarge(project)).toBe(2);
    asked();
    for (const args of [[], ['--no-cache']]) {
      await rm(join(project.folder, 'out'), { recursive: true });
      expect((await built(project, args)).digest).toBe(digest);
      expect(asked()).toEqual(['pool/bulky_1.0_amd64.deb']);
      expect(await loseLarge(project)).toBe(2);
    }
  });

  it('when other packages are wanted that the cache has, without a network too', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    await built(project);
    const asked = counter(project);
    expect(asked().filter((path) => path.includes('binary-'))).toHaveLength(1);
    await project.want(['libtool1']);
    await built(project, ['--offline']);
    expect(namesOf(await lockedDebs(project))).not.toContain('tool 1:2.0-1');
    await project.want(['rival']);
    const words = [/rival_1\.0_amd64 is not in the cache/, /without --offline/];
    await refused(project, ['build', '--offline', ...OTHER], 'OFFLINE', words);
    expect(asked()).toEqual([]);
    await built(project);
    expect(asked()).toEqual(['dists/bookworm/InRelease', 'pool/rival_1.0_amd64.deb']);
  });

  it('and without a network nothing is known of a mirror that was never read', async () => {
    const project = await debianProject();
    await project.want(['tool']);
    const words = [/Release file of bookworm at .* is not in the cache/, /without --offline/];
    await refused(project, ['build', '--offline', ...OTHER], 'OFFLINE', words);
    expect(project.mirror.asked()).toEqual([]);
  });
});
