import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { baseAptFolder, hostAptFolder } from '../../src/apt/apt-folder.ts';
import type { BaseEntry } from '../../src/filesystem/facts.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

describe("apt's files", () => {
  it('of this host are read, if they are files of a usual size', async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, 'etc/apt/x.d'), { recursive: true });
    await writeFile(join(root, 'etc/apt/a.list'), 'text');
    await symlink('a.list', join(root, 'etc/apt/link.list'));
    await writeFile(join(root, 'etc/apt/huge'), '');
    await truncate(join(root, 'etc/apt/huge'), 1 << 30);
    const folder = hostAptFolder(root);
    expect([...folder.list('/etc/apt')].sort()).toEqual(['a.list', 'huge', 'link.list', 'x.d']);
    expect(folder.list('/etc/nothing')).toEqual([]);
    expect(folder.read('/etc/apt/link.list')?.toString()).toBe('text');
    for (const path of ['/etc/apt/none', '/etc/apt/x.d', '/etc/apt/huge']) expect(folder.read(path)).toBeUndefined();
  });

  it('of a base are those that were captured, through its links', () => {
    const entry = (type: BaseEntry['type'], target?: string): BaseEntry => ({
      type,
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtime: 0,
      target,
    });
    const folder = baseAptFolder({
      entries: new Map([
        ['etc/apt', entry('directory')],
        ['etc/apt/sources.list.d', entry('symlink', '/opt/lists')],
        ['opt/lists', entry('directory')],
        ['opt/lists/a.list', entry('file')],
        ['opt/lists/deep/b.list', entry('file')],
        ['usr/share/keyrings/k.gpg', entry('symlink', 'k.pgp')],
        ['usr/share/keyrings/k.pgp', entry('file')],
      ]),
      captured: new Map([
        ['opt/lists/a.list', Buffer.from('a')],
        ['usr/share/keyrings/k.pgp', Buffer.from('key')],
      ]),
    });
    expect(folder.list('/etc/apt/sources.list.d')).toEqual(['a.list']);
    expect(folder.read('/etc/apt/sources.list.d/a.list')?.toString()).toBe('a');
    expect(folder.read('/usr/share/keyrings/k.gpg')?.toString()).toBe('key');
    expect(folder.read('/opt/lists/deep/b.list')).toBeUndefined();
  });
});
