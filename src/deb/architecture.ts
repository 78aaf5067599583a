// Debian's names of architectures.
import { ImageSpecError } from '../core/error.ts';
import type { Platform } from '../oci/platform.ts';
import { printPlatform } from '../oci/platform.ts';

/** By GOARCH, with the variant where one matters (dpkg-architecture(1), Debian's ports). */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  amd64: 'amd64',
  arm64: 'arm64',
  'arm/v5': 'armel',
  'arm/v6': 'armel',
  'arm/v7': 'armhf',
  arm: 'armhf',
  '386': 'i386',
  ppc64le: 'ppc64el',
  s390x: 's390x',
  riscv64: 'riscv64',
  mips64le: 'mips64el',
  loong64: 'loong64',
};

/** Throws `NOT_SUPPORTED` for a platform that Debian has no packages for. */
export function debianArchitecture(platform: Platform): string {
  const { architecture, variant } = platform;
  const found = ARCHITECTURES[`${architecture}/${variant ?? ''}`] ?? ARCHITECTURES[architecture];
  if (found !== undefined) return found;
  throw new ImageSpecError('NOT_SUPPORTED', `There are no Debian packages for ${printPlatform(platform)}`, {
    hint: 'Leave `apt_packages` out for this platform, or choose another one.',
  });
}

/** Architectures whose loader lies in /lib64, which is a link into /usr on a merged system. */
export const LIB64: ReadonlySet<string> = new Set(['amd64', 'ppc64el', 'loong64']);

/** What `uname -m` prints, by Debian's name. */
export const MACHINES: ReadonlyMap<string, string> = new Map([
  ['amd64', 'x86_64'],
  ['arm64', 'aarch64'],
  ['armel', 'armv6l'],
  ['armhf', 'armv7l'],
  ['i386', 'i686'],
  ['ppc64el', 'ppc64le'],
  ['s390x', 's390x'],
  ['riscv64', 'riscv64'],
  ['mips64el', 'mips64'],
  ['loong64', 'loongarch64'],
]);
