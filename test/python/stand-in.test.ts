import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeStandIn } from '../../src/python/stand-in.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';
import { interpreterOf } from './targets.ts';

const answer = async (...target: Parameters<typeof interpreterOf>): Promise<unknown> => {
  const python = await writeStandIn(await temporaryFolder(), interpreterOf(...target), 'refused');
  // As uv asks: with options and a script that it brings.
  return JSON.parse(execFileSync(python, ['-I', '-B', '-c', 'x'], { encoding: 'utf8', env: {} }));
};

describe('the stand-in for an interpreter', () => {
  it('answers for its target', async () => {
    expect(await answer('3.12.1', { machine: 'aarch64' })).toMatchObject({
      result: 'success',
      markers: { python_full_version: '3.12.1', platform_machine: 'aarch64', sys_platform: 'linux' },
      stdlib: '/usr/local/lib/python3.12',
      os: { name: 'manylinux', major: 2, minor: 36 },
      arch: 'aarch64',
      manylinux_compatible: true,
      gil_disabled: false,
    });
  });

  it('tells musl and missing locks', async () => {
    const musl = { kind: 'musl', major: 1, minor: 2 } as const;
    expect(await answer('3.13.0', { libc: musl, freeThreaded: true })).toMatchObject({
      os: { name: 'musllinux', major: 1, minor: 2 },
      manylinux_compatible: false,
      gil_disabled: true,
    });
  });

  it('says no marker that only lock files have', async () => {
    const { markers } = (await answer('3.12.1')) as { markers: object };
    expect(markers).not.toHaveProperty('extra');
  });

  it('is not led astray by odd paths of a base', async () => {
    const prefix = '/opt/$(touch x) `x` \'q\' "d" \\ \nEND\n';
    expect(await answer('3.12.1', { prefix })).toMatchObject({ sys_prefix: prefix });
  });

  it('names itself as the interpreter, and runs nothing, whatever the image has under a path of this host', async () => {
    const folder = await temporaryFolder();
    const python = await writeStandIn(folder, interpreterOf('3.12.1', { path: '/bin/sh' }), 'refused');
    expect(JSON.parse(execFileSync(python, { encoding: 'utf8' }))).toMatchObject({
      sys_executable: python,
      sys_base_executable: python,
    });
    await mkdir(join(folder, 'bin'));
    await symlink(python, join(folder, 'bin', 'python'));
    const hook = spawnSync(join(folder, 'bin', 'python'), ['-c', 'x'], { encoding: 'utf8' });
    expect(hook).toMatchObject({ status: 1, stdout: '', stderr: 'Nothing is built here\n' });
  });
});
