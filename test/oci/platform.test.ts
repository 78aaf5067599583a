import { describe, expect, it } from 'vitest';
import { normalizePlatform, parsePlatform, platformFit, printPlatform, samePlatform } from '../../src/oci/platform.ts';
import { expectCode } from '../expect-code.ts';

describe('parsePlatform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['amd64', 'linux/amd64'],
    ['x86_64', 'linux/amd64'],
    ['Linux/AMD64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['i386', 'linux/386'],
    ['linux/ppc64le', 'linux/ppc64le'],
    ['linux/riscv64/rva20u64', 'linux/riscv64/rva20u64'],
    ['macos/arm64', 'darwin/arm64'],
    [' linux/s390x ', 'linux/s390x'],
  ])('%s is %s', (text, expected) => {
    const platform = parsePlatform(text);
    expect(printPlatform(platform)).toBe(expected);
    expect(parsePlatform(printPlatform(platform))).toEqual(platform);
    expect(samePlatform(platform, normalizePlatform(platform))).toBe(true);
  });

  it.each([
    '',
    '/',
    'linux/',
    '/amd64',
    'linux/amd64/',
    'linux/amd64/v1/x',
    'linux amd64',
    'linux',
    'Windows',
    'linux/ümd64',
    'linux//v1',
  ])('refuses %j', async (text) => {
    await expectCode(() => parsePlatform(text), 'PLATFORM_INVALID');
  });
});

describe('platformFit', () => {
  const best = (want: string, have: readonly string[]): string | undefined =>
    have
      .map((text) => ({ text, fit: platformFit(parsePlatform(text), parsePlatform(want)) }))
      .filter(({ fit }) => fit !== undefined)
      .sort((a, b) => b.fit! - a.fit!)[0]?.text;

  it.each([
    ['linux/amd64', ['linux/arm64', 'linux/amd64'], 'linux/amd64'],
    // The same variant is best, then the next below; never one above.
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2', 'linux/amd64/v4'], 'linux/amd64/v2'],
    ['linux/amd64/v3', ['linux/amd64/v3', 'linux/amd64/v2'], 'linux/amd64/v3'],
    ['linux/amd64', ['linux/amd64/v2'], undefined],
    ['linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6'], 'linux/arm/v6'],
    ['linux/arm/v6', ['linux/arm/v7'], undefined],
    ['linux/arm64/v9', ['linux/arm64'], 'linux/arm64'],
    // Another architecture or system would run by accident only.
    ['linux/amd64', ['linux/386', 'windows/amd64'], undefined],
    ['linux/arm64', ['linux/arm/v7'], undefined],
    ['linux/riscv64/rva22u64', ['linux/riscv64/rva20u64'], undefined],
    ['linux/riscv64/rva22u64', ['linux/riscv64'], 'linux/riscv64'],
  ])('for %s of %j takes %s', (want, have, expected) => {
    expect(best(want, have)).toBe(expected);
  });
});
