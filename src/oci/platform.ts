// Platforms as image-spec writes them (GOOS/GOARCH/variant), and which of them a base may stand in for.
import { ImageSpecError } from '../core/error.ts';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

const WORD = /^[a-z0-9_.-]+$/;
const ALIASES: Readonly<Record<string, { architecture: string; variant?: string }>> = {
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  i386: { architecture: '386' },
  i686: { architecture: '386' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
};

/** Words that cannot be meant as an architecture. */
const SYSTEMS = new Set(['linux', 'windows', 'darwin', 'macos', 'freebsd']);

/** Parses `OS/ARCH[/VARIANT]`; `ARCH` alone means linux. Common other names (x86_64, aarch64) are understood. Throws `PLATFORM_INVALID`. */
export function parsePlatform(text: string): Platform {
  const parts = text.trim().toLowerCase().split('/');
  const [os, architecture, variant] = parts.length === 1 ? ['linux', ...parts] : parts;
  if (
    !os ||
    !architecture ||
    SYSTEMS.has(architecture) ||
    parts.length > 3 ||
    !parts.every((part) => WORD.test(part))
  ) {
    throw new ImageSpecError('PLATFORM_INVALID', `"${text}" is not a platform`, {
      hint: 'Write OS/ARCH or OS/ARCH/VARIANT, for example linux/amd64 or linux/arm64.',
    });
  }
  return normalizePlatform({ os, architecture, variant });
}

/** Canonical names; a variant that says what the architecture means anyway is dropped (amd64/v1, arm64/v8). */
export function normalizePlatform(platform: Platform): Platform {
  const alias = ALIASES[platform.architecture];
  const architecture = alias?.architecture ?? platform.architecture;
  const variant = platform.variant || alias?.variant || (architecture === 'arm' ? 'v7' : undefined);
  const implied = (architecture === 'amd64' && variant === 'v1') || (architecture === 'arm64' && variant === 'v8');
  const os = platform.os === 'macos' ? 'darwin' : platform.os;
  return variant && !implied ? { os, architecture, variant } : { os, architecture };
}

export function printPlatform({ os, architecture, variant }: Platform): string {
  return variant ? `${os}/${architecture}/${variant}` : `${os}/${architecture}`;
}

export function samePlatform(a: Platform, b: Platform): boolean {
  return printPlatform(normalizePlatform(a)) === printPlatform(normalizePlatform(b));
}

const level = (variant: string | undefined): number => Number(variant?.replace(/^v/, '') ?? 0);

/**
 * How well an image of platform `have` serves `want`: the higher the better, undefined = not at all. The architecture must be equal and the
 * variant not above the wanted one: a base of another architecture would run only by accident (no 386 for amd64).
 */
export function platformFit(have: Platform, want: Platform): number | undefined {
  const a = normalizePlatform(have);
  const b = normalizePlatform(want);
  if (a.os !== b.os || a.architecture !== b.architecture) return undefined;
  if (a.variant === b.variant) return Number.MAX_SAFE_INTEGER;
  if (a.variant === undefined) return 0;
  return level(a.variant) < level(b.variant) ? level(a.variant) : undefined;
}
