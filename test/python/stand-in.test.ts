import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { writeStandIn } from '../../src/python/stand-in.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';
import { interpreterOf } from './targets.ts';

const answer = async (...target: Parameters<typeof interpreterOf>): Promise<unknown> => {
  const python = await writeStandIn(await temporaryFolder(), interpreterOf(...target));
  // As uv asks: with options and a script that it brings.
  return JSON.parse(execFileSync(python, ['-I', '-B', '-c', 'x'], { encoding: 'utf8', env: {} }));
};

describe('the stand-in for an interpreter', () => {
  it('answers for its target', async () => {
    expect(await answer('3.12.1', { machine: 'aarch64' })).toMatchObject({
      result: 'success',
      markers: { python_full_version: '3.12.1', platform_machine: 'aarch64', sys_platform: 'linux' },
      sys_executable: '/usr/local/bin/python3.12',
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
    const path = '/opt/$(touch x) `x` \'q\' "d" \\ \nEND\n/python3.12';
    expect(await answer('3.12.1', { path })).toMatchObject({ sys_executable: path });
  });
});
