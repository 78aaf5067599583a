import { execFileSync } from 'node:child_process';
import { chmod, link, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { hashEntries, readHostTree } from '../../src/filesystem/host.ts';
import { expectCode } from '../expect-code.ts';

const ctx = createContext();
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'imagespec-host-'));
  await mkdir(join(root, 'app', 'b'), { recursive: true });
  await writeFile(join(root, 'app', 'run.sh'), '#!/bin/sh\n');
  await chmod(join(root, 'app', 'run.sh'), 0o700);
  await writeFile(join(root, 'app', 'b', 'x'), 'hello', { mode: 0o600 });
  await symlink('../run.sh', join(root, 'app', 'b', 'link'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const read = (path = 'app') => readHostTree(ctx, { root, path, destination: `root/${path}`, uid: 1, gid: 2, mtime: 3 });

describe('readHostTree', () => {
  it('reads a folder with modes that no umask decides', async () => {
    expect((await read()).map((entry) => [entry.path, entry.type, 'mode' in entry && entry.mode.toString(8)])).toEqual([
      ['root/app', 'directory', '755'],
      ['root/app/b', 'directory', '755'],
      ['root/app/b/link', 'symlink', '777'],
      ['root/app/b/x', 'file', '644'],
      ['root/app/run.sh', 'file', '755'],
    ]);
  });

  it('gives every entry the owner and time it was asked to', async () => {
    for (const entry of await read()) expect(entry).toMatchObject({ uid: 1, gid: 2, mtime: 3 });
  });

  it('reads a single file, and hard links as files', async () => {
    await link(join(root, 'app', 'b', 'x'), join(root, 'app', 'again'));
    expect(await read('app/again')).toMatchObject([{ type: 'file', path: 'root/app/again' }]);
  });

  it('says what does not exist, and where it was looked for', async () => {
    const error = await expectCode(() => read('nowhere'), 'COPY_NOT_FOUND');
    expect(error.message).toContain('"nowhere"');
    expect(error.hint).toContain(root);
  });

  it('refuses what no layer can hold', async () => {
    execFileSync('mkfifo', [join(root, 'app', 'pipe')]);
    expect((await expectCode(() => read(), 'COPY_INVALID')).message).toContain('pipe');
  });

  it('refuses names that are not UTF-8', async () => {
    await writeFile(Buffer.concat([Buffer.from(`${root}/app/`), Buffer.from([0xff, 0xfe])]), '');
    await expectCode(() => read(), 'COPY_INVALID');
  });

  it('refuses targets of links that are not UTF-8', async () => {
    await symlink(Buffer.from([0xff, 0xfe]), join(root, 'app', 'odd'));
    expect((await expectCode(() => read(), 'COPY_INVALID')).message).toContain('odd');
  });
});

describe('hashEntries', () => {
  it('does not change with times of the host', async () => {
    const before = await hashEntries(ctx, await read());
    await utimes(join(root, 'app', 'b', 'x'), 1, 1);
    expect(await hashEntries(ctx, await read())).toBe(before);
  });

  it.each([
    ['content', () => writeFile(join(root, 'app', 'b', 'x'), 'hallo')],
    ['mode', () => chmod(join(root, 'app', 'b', 'x'), 0o755)],
    ['a new file', () => writeFile(join(root, 'app', 'new'), '')],
  ])('changes with %s', async (_what, change) => {
    const before = await hashEntries(ctx, await read());
    await change();
    expect(await hashEntries(ctx, await read())).not.toBe(before);
  });
});
