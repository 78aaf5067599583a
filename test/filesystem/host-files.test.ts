import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { readHostFiles } from '../../src/filesystem/host-files.ts';
import { expectCode } from '../expect-code.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

let root: string;

beforeEach(async () => {
  root = await temporaryFolder();
  await mkdir(join(root, 'a', 'b'), { recursive: true });
  await writeFile(join(root, 'a', 'b', 'x'), 'hello', { mode: 0o600 });
  await writeFile(join(root, 'run'), '');
  await chmod(join(root, 'run'), 0o700);
});

const read = (...paths: string[]) =>
  readHostFiles(createContext(), { root, paths, destination: 'root', uid: 1, gid: 2, mtime: 3 });

describe('readHostFiles', () => {
  it('reads files and the folders that lead to them, with modes that no umask decides', async () => {
    const attributes = { uid: 1, gid: 2, mtime: 3 };
    expect(await read('run', 'a/b/x')).toMatchObject([
      { path: 'root/a', type: 'directory', mode: 0o755, ...attributes },
      { path: 'root/a/b', type: 'directory', mode: 0o755, ...attributes },
      { path: 'root/a/b/x', type: 'file', mode: 0o644, content: { size: 5 }, ...attributes },
      { path: 'root/run', type: 'file', mode: 0o755, ...attributes },
    ]);
  });

  it.each([
    ['a/link', 'b/x'],
    ['a/b/link', './x'],
    ['a/b/link', '../../run'],
  ])('keeps a link %s → %s to a file that is there', async (path, target) => {
    await symlink(target, join(root, path));
    const entries = await read('a/b/x', 'run', path);
    expect(entries).toContainEqual({
      type: 'symlink',
      mode: 0o777,
      target,
      path: `root/${path}`,
      uid: 1,
      gid: 2,
      mtime: 3,
    });
  });

  it.each([
    ['outside', 'link', '/etc/passwd'],
    ['left out', 'link', 'a/b/y'],
    ['found through a link', 'link', 'over/x'],
    ['found through a link and back', 'link', 'over/../b/x'],
    ['named from the root of the host', 'link', 'ROOT/run'],
  ])('makes a file of a link to what is %s', async (_what, path, target) => {
    await writeFile(join(root, 'a', 'b', 'y'), '');
    await symlink('a/b', join(root, 'over'));
    await symlink(target.replace('ROOT', root), join(root, path));
    expect((await read('a/b/x', 'run', path)).find((entry) => entry.path === `root/${path}`)?.type).toBe('file');
  });

  it('takes the mode of the file that a link leads to', async () => {
    await symlink('run', join(root, 'link'));
    expect(await read('link')).toMatchObject([{ type: 'file', mode: 0o755 }]);
  });

  it('says what does not exist', async () => {
    await symlink('nowhere', join(root, 'dangling'));
    for (const path of ['nowhere', 'run/x', 'dangling'])
      expect((await expectCode(() => read(path), 'COPY_NOT_FOUND')).message).toContain(`"${path}"`);
  });

  it('refuses what is no file', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    expect((await expectCode(() => read('a'), 'COPY_INVALID')).message).toContain('is a folder');
    expect((await expectCode(() => read('pipe'), 'COPY_INVALID')).message).toContain('device, pipe');
  });
});
