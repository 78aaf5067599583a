// Disks that fill up while Debian packages are fetched, unpacked and written: the code, and nothing left half-written.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { DebianProject } from '../cli/debian-archive.ts';
import { debianProject, forBoth, PACKAGES } from '../cli/debian-archive.ts';
import { built } from '../cli/debian-build.ts';
import { refused } from '../cli/refused.ts';
import { run } from './ground/folder.ts';

const mounts: string[] = [];

/** A file system of its own; undone after the test. */
async function mount(size: string): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), 'imagespec-full-'));
  await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', place]);
  mounts.push(place);
  return place;
}

afterEach(async () => {
  for (const place of mounts.splice(0)) {
    await run('umount', [place]);
    await rm(place, { recursive: true });
  }
});

/** A package of 1 MB that is twelve times as large inside, for compressors that look back as little as DEFLATE. */
async function bulkyProject(): Promise<DebianProject> {
  const part = randomBytes(1 << 20);
  const entries = [{ path: 'usr/share/bulky', content: Buffer.concat(Array<Buffer>(12).fill(part)) }];
  const bulky = forBoth({ name: 'bulky', entries, compression: 'zst' });
  const project = await debianProject({ packages: [...PACKAGES.flatMap(forBoth), ...bulky] });
  await project.want(['bulky']);
  return project;
}

describe('a disk is full', () => {
  it.each([
    ['the first package', '64k'],
    ['the contents of a package', '6m'],
  ])('when %s comes to the cache', async (_what, size) => {
    const project = await bulkyProject();
    const cache = join(await mount(size), 'cache');
    await refused(project, ['build', '-o', 'oci:out'], 'DISK_FULL', [/no space is left|device is full/], { cache });
    const names = await readdir(cache, { recursive: true });
    expect(names.filter((name) => /(?:^|\/)(?:scratch|tmp)\/.|\.imagespec-/.test(name))).toEqual([]);
    await run('mount', ['-o', 'remount,size=64m', join(cache, '..')]);
    const { digest } = await built(project, [], { cache });
    expect((await built(project, ['--frozen', '--no-cache'])).digest).toBe(digest);
  });

  it('when the image is written', async () => {
    const project = await bulkyProject();
    const place = await mount('6m');
    await refused(project, ['build', '-o', `oci:${place}/out`], 'DISK_FULL', [/no space is left|device is full/]);
    expect(await readdir(place, { recursive: true })).not.toContain('out/index.json');
  });
});
