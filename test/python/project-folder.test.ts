import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { copyProject, digestProject } from '../../src/python/project-folder.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from '../registry/setup.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

let folder: string;
const write = async (path: string, text = ''): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
};
const digest = (leftOut?: string): Promise<string> => digestProject(testContext(), folder, leftOut);

beforeEach(async () => {
  folder = join(await temporaryFolder(), 'demo');
  await write('pyproject.toml', '[project]\nname = "demo"');
  await write('src/demo/__init__.py', 'x = 1\n');
  await write('src/build/__init__.py');
  await write('run.sh', '#!/bin/sh\n');
  await chmod(join(folder, 'run.sh'), 0o700);
  await symlink('run.sh', join(folder, 'start'));
});

describe('a project', () => {
  it('is not what tools leave in its folder', async () => {
    const before = await digest();
    const leftovers = [
      '.git/HEAD',
      '.venv/x',
      'src/demo/__pycache__/a.pyc',
      'a.pyc',
      'build/lib/demo.py',
      'dist/demo-1.0.tar.gz',
      'src/demo.egg-info/PKG-INFO',
      'env/pyvenv.cfg',
      'env/bin/python',
      'out/oci-layout',
      'out/blobs/x',
      '.imagespec/x',
      '.mypy_cache/x',
      'node_modules/x/y',
    ];
    for (const one of leftovers) await write(one, one);
    await write('own.lock', '{}');
    expect(await digest(join(folder, 'own.lock'))).toBe(before);
    expect(await digest()).not.toBe(before);
  });

  it('is another one with another name, content, mode or link, but not with another time or group', async () => {
    const seen = new Set([await digest()]);
    const changes: (() => Promise<unknown>)[] = [
      () => write('src/demo/__init__.py', 'x = 2\n'),
      () => write('src/demo/more.py'),
      () => write('build/__init__.py'),
      () => chmod(join(folder, 'pyproject.toml'), 0o755),
      () => symlink('x', join(folder, 'link')),
    ];
    for (const change of changes) {
      await change();
      seen.add(await digest());
    }
    expect(seen.size).toBe(changes.length + 1);
    await chmod(join(folder, 'src', 'demo', '__init__.py'), 0o600);
    expect(seen).toContain(await digest());
  });

  it('is copied with modes that are the same for everyone', async () => {
    await write('.git/HEAD');
    const target = join(folder, '..', 'copy');
    expect(await copyProject(testContext(), folder, target, undefined)).toBe(await digest());
    expect((await readdir(target)).sort()).toEqual(['pyproject.toml', 'run.sh', 'src', 'start']);
    expect(await readFile(join(target, 'src', 'demo', '__init__.py'), 'utf8')).toBe('x = 1\n');
    expect((await stat(join(target, 'run.sh'))).mode & 0o777).toBe(0o755);
    expect((await stat(join(target, 'pyproject.toml'))).mode & 0o777).toBe(0o644);
    expect(await readlink(join(target, 'start'))).toBe('run.sh');
  });

  it('must be there', async () => {
    const error = await expectCode(
      () => digestProject(testContext(), join(folder, 'absent'), undefined),
      'REQUIREMENTS_NOT_FOUND',
    );
    expect(error.message).toContain('absent cannot be read');
  });
});
