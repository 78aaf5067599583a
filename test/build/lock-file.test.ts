import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LockFile } from '../../src/build/lock-file.ts';
import { readLockFile, withoutCredentials, writeLockFile } from '../../src/build/lock-file.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

const COMMIT = 'c'.repeat(40);

it('what is read is what was written, in the same order: records of origins become files of the image as they are', async () => {
  const file = join(await temporaryFolder(), 'imagespec.lock');
  const sources: LockFile['platforms'][string]['sources'] = [
    {
      name: 'demo',
      version: '1.0',
      from: { kind: 'git', url: 'https://git.example/demo', commit: COMMIT, subdirectory: 'py' },
      requested: true,
      directUrl: {
        url: 'https://git.example/demo',
        vcs_info: { vcs: 'git', requested_revision: 'main', commit_id: COMMIT },
        subdirectory: 'py',
      },
    },
    {
      name: 'other',
      from: {
        kind: 'sdist',
        filename: 'other-1.tar.gz',
        url: 'https://files.example/other-1.tar.gz',
        digest: `sha256:${'a'.repeat(64)}`,
        size: 7,
      },
      requested: false,
      directUrl: {
        url: 'https://files.example/other-1.tar.gz',
        archive_info: { hashes: { sha256: 'a'.repeat(64) } },
        subdirectory: 'py',
      },
    },
  ];
  await writeLockFile(
    file,
    { version: 1, platforms: { 'linux/amd64': { wheels: [], sources } } },
    { temporaryName: 'new' },
  );
  const read = (await readLockFile(file)).platforms['linux/amd64']!.sources;
  expect(JSON.stringify(read)).toBe(JSON.stringify(sources));
});

it.each([
  ['https://me:token@files.example/a', 'https://files.example/a'],
  ['https://token@git.example/a', 'https://git.example/a'],
  ['ssh://git@git.example/a', 'ssh://git@git.example/a'],
  ['ssh://git:word@git.example/a', 'ssh://git@git.example/a'],
  ['file:///srv/a', 'file:///srv/a'],
])('no credentials are kept: %s', (url, kept) => {
  expect(withoutCredentials({ url }).url).toBe(kept);
});

it('holds the locks of several images, each by itself', async () => {
  const file = join(await temporaryFolder(), 'several.lock');
  const lockOf = (python: string) => ({ version: 1 as const, platforms: { 'linux/amd64': { python } } });
  await writeLockFile(file, lockOf('3.11'), { key: 'b', temporaryName: 'new' });
  await writeLockFile(file, lockOf('3.12'), { key: 'a', temporaryName: 'new' });
  await writeLockFile(file, lockOf('3.13'), { temporaryName: 'new' });
  await writeLockFile(file, lockOf('3.14'), { key: 'b', temporaryName: 'new' });
  const pythons = await Promise.all(
    ['a', 'b', undefined, 'c'].map(async (key) => (await readLockFile(file, key)).platforms['linux/amd64']?.python),
  );
  expect(pythons).toEqual(['3.12', '3.14', '3.13', undefined]);
  expect(Object.keys((JSON.parse(await readFile(file, 'utf8')) as { images: object }).images)).toEqual(['a', 'b']);
});
