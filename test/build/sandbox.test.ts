import { describe, expect, it } from 'vitest';
import type { Environment } from '../../src/build/environment.ts';
import { readEnvironment } from '../../src/build/environment.ts';
import { openSandbox, requireRunnable, sandboxMaker, withSandbox } from '../../src/build/sandbox.ts';
import { parsePlatform } from '../../src/oci/platform.ts';
import { expectCode } from '../expect-code.ts';

const on = (platform: string, arch: string): Environment => ({ ...readEnvironment(), system: { platform, arch } });

describe('requireRunnable', () => {
  it.each([
    ['x64', 'linux/amd64'],
    ['x64', 'linux/386'],
    ['arm64', 'linux/arm64'],
    ['arm64', 'linux/arm64/v8'],
  ])('lets %s run %s', async (arch, platform) => {
    await requireRunnable(parsePlatform(platform), on('linux', arch), 'It');
  });

  it.each([
    ['x64', 'linux/mips64le'],
    ['arm64', 'linux/mips64le'],
    ['x64', 'windows/amd64'],
  ])('does not let %s run %s', async (arch, platform) => {
    const run = () => requireRunnable(parsePlatform(platform), on('linux', arch), 'The commands of the spec');
    const error = await expectCode(run, 'PLATFORM_FOREIGN');
    expect(error.message).toMatch(/^The commands of the spec must run for .*, and this host runs linux\//);
    expect(error.facts).toEqual({ platform });
  });
});

describe('openSandbox', () => {
  it.each(['darwin', 'win32'])('is not to be had on %s', async (platform) => {
    const error = await expectCode(() => openSandbox(on(platform, 'arm64')), 'SANDBOX_UNAVAILABLE');
    expect(error.message).toContain(platform);
  });

  const user = (uid: number): Environment => ({ ...readEnvironment(), user: { uid, gid: uid, name: 'ada' } });

  it('works by chroot when that is asked for, and never else', async () => {
    expect((await openSandbox(user(1000))).maker).toBe('namespaces');
    expect((await openSandbox(user(0))).maker).toBe('namespaces');
    expect((await openSandbox(withSandbox(user(0), 'chroot'))).maker).toBe('chroot');
  });

  it('gives chroot to root alone', async () => {
    const error = await expectCode(() => openSandbox(withSandbox(user(1000), 'chroot')), 'SANDBOX_UNAVAILABLE');
    expect(error.message).toMatch(/by root alone/);
  });
});

describe('sandboxMaker', () => {
  const asked = (maker: string): Environment => {
    const environment = readEnvironment();
    return { ...environment, variables: { ...environment.variables, IMAGESPEC_SANDBOX: maker } };
  };

  it.each([
    ['', 'namespaces'],
    ['namespaces', 'namespaces'],
    ['chroot', 'chroot'],
  ])('reads "%s"', (text, maker) => {
    expect(sandboxMaker(asked(text))).toBe(maker);
  });

  it('lets an option go before the variable', () => {
    expect(sandboxMaker(withSandbox(asked('chroot'), 'namespaces'))).toBe('namespaces');
    expect(sandboxMaker(withSandbox(asked('chroot'), undefined))).toBe('chroot');
  });

  it('knows no others', async () => {
    const error = await expectCode(() => sandboxMaker(asked('docker')), 'USAGE');
    expect(error.hint).toMatch(/namespaces.*chroot/);
  });
});
