import { lstat, mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BaseEntry } from '../../src/filesystem/facts.ts';
import type { Mount } from '../../src/sandbox/mounts.ts';
import { escape, prepareMounts } from '../../src/sandbox/mounts.ts';
import { expectCode } from '../expect-code.ts';

let work: string;
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'imagespec mounts-'));
});
afterEach(() => rm(work, { recursive: true, force: true }));

const entry = (type: BaseEntry['type'], target?: string): BaseEntry => ({
  type,
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: 0,
  target,
});

async function prepare(entries: Record<string, BaseEntry>, mounts: readonly Mount[] = []): Promise<string[][]> {
  const facts = { entries: new Map(Object.entries(entries)), captured: new Map() };
  await prepareMounts({ work, facts, mounts, hostName: 'here' });
  const rows = (await readFile(join(work, 'mounts.fstab'), 'utf8')).trimEnd().split('\n');
  return rows.map((row) => row.split(' '));
}

const targets = (rows: string[][]): string[] =>
  rows.map(([, target = '']) => target.replace(escape(work), '').replace('/root', ''));

describe('prepareMounts', () => {
  it('makes places in the lowest layer for what the image does not have', async () => {
    expect(targets(await prepare({}))).toEqual(
      expect.arrayContaining(['/proc', '/dev', '/dev/null', '/sys', '/etc/resolv.conf']),
    );
    expect((await lstat(join(work, 'bottom', 'etc', 'hosts'))).isFile()).toBe(true);
    expect((await lstat(join(work, 'bottom', 'dev'))).mode & 0o777).toBe(0o755);
    expect(await readlink(join(work, 'dev', 'stdout'))).toBe('fd/1');
    expect(await readFile(join(work, 'hosts'), 'utf8')).toMatch(/^127\.0\.0\.1 localhost\n.*\n127\.0\.1\.1 here\n/);
  });

  it('follows links in the image, and never on the host', async () => {
    const image = {
      etc: entry('directory'),
      'etc/resolv.conf': entry('symlink', '/run/systemd/resolve.conf'),
      sys: entry('symlink', '../../..//tmp/away'),
    };
    const rows = targets(await prepare(image));
    expect(rows).toContain('/run/systemd/resolve.conf');
    expect(rows).toContain('/tmp/away');
    expect(rows.some((row) => row === '/sys')).toBe(false);
    expect((await lstat(join(work, 'bottom', 'run', 'systemd', 'resolve.conf'))).isFile()).toBe(true);
    expect((await lstat(join(work, 'bottom', 'tmp', 'away'))).isDirectory()).toBe(true);
  });

  it('writes paths so that fstab(5) reads them again', async () => {
    const mount: Mount = { source: '/a b\\c', kind: 'directory', target: '/data', isReadOnly: true };
    expect((await prepare({}, [mount])).at(-1)).toEqual([
      String.raw`/a\040b\134c`,
      `${escape(work)}/root/data`,
      'none',
      'rbind,ro',
    ]);
  });

  it.each<[string, Record<string, BaseEntry>, Mount['kind']]>([
    ['a folder over a file', { data: entry('file') }, 'directory'],
    ['a file over a folder', { data: entry('directory') }, 'file'],
  ])('refuses to mount %s', async (_name, image, kind) => {
    const mount: Mount = { source: '/x', kind, target: '/data', isReadOnly: false };
    await expectCode(() => prepare(image, [mount]), 'PATH_CONFLICT');
  });

  it.each(['proc', 'dev'])('refuses an image whose /%s is a link', async (name) => {
    await expectCode(() => prepare({ [name]: entry('symlink', '/tmp') }), 'PATH_CONFLICT');
  });

  it('refuses to mount over the root', async () => {
    const mount: Mount = { source: '/x', kind: 'directory', target: '/', isReadOnly: false };
    await expectCode(() => prepare({ '': entry('directory') }, [mount]), 'PATH_CONFLICT');
  });
});
