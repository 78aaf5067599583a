// The kind of a library as ld.so.cache states it, and what else of ldconfig differs between architectures and releases of glibc.
import { NotInterpretable } from '../shell/program.ts';
import type { ElfLibrary } from './elf-library.ts';

/** An ldconfig as Debian builds it. */
export interface Ldconfig {
  /** Debian's name of the architecture. */
  readonly architecture: string;
  /** What it writes of itself into the cache: `ldconfig (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36`. */
  readonly generator: string;
  /** 36 for 2.36. */
  readonly minor: number;
}

const TRIPLETS = new Map([
  ['amd64', 'x86_64-linux-gnu'],
  ['i386', 'i386-linux-gnu'],
  ['arm64', 'aarch64-linux-gnu'],
  ['armhf', 'arm-linux-gnueabihf'],
]);

const EM_386 = 3;
const EM_X86_64 = 62;

const ELF = 1;
const LIBC6 = 3;
const X8664_LIB64 = 0x300;
const X8664_LIBX32 = 0x800;
const ARM_LIBHF = 0x900;
const AARCH64_LIB64 = 0xa00;
const ARM_LIBSF = 0xb00;

const EF_ARM_ABI_FLOAT_SOFT = 0x200;
const EF_ARM_ABI_FLOAT_HARD = 0x400;

/** The first release that writes its name into the cache; those before also wrote another format. */
const OLDEST_MINOR = 33;
/** From this one on, every library counts as one of libc6. */
const WITHOUT_LIBC5 = 37;
/** Before this one, directories with these names within a library directory held variants for some processors. */
const WITHOUT_LEGACY_HWCAPS = 37;
const LEGACY_HWCAPS = new Set(['tls', 'haswell', 'xeon_phi', 'avx512_1', 'x86_64', 'i586', 'i686', 'sse2', 'atomics']);
/** From this one on, files of dpkg and rpm that are half written are passed over. */
const SKIPS_TEMPORARY = 39;

/** Throws `NotInterpretable` for architectures and releases that it does not know. */
export function describeLdconfig(architecture: string, generator: string): Ldconfig {
  const minor = Number(/ version 2\.(\d{1,3})$/.exec(generator)?.[1] ?? Number.NaN);
  if (!TRIPLETS.has(architecture)) throw new NotInterpretable(`ldconfig for ${architecture}`);
  if (!(minor >= OLDEST_MINOR)) throw new NotInterpretable(`the ldconfig of ${generator}`);
  return { architecture, generator, minor };
}

/** Debian's ldconfig always searches these, in this order, behind those of ld.so.conf. */
export function systemDirectories({ architecture }: Ldconfig): string[] {
  const triplet = TRIPLETS.get(architecture)!;
  return [`/lib/${triplet}`, `/usr/lib/${triplet}`, '/lib', '/usr/lib'];
}

/** What a library has that nobody has read: the flags of the architecture itself, or of another one that its directory is for. */
export function likelyFlags(path: string, { architecture }: Ldconfig): number {
  if (architecture === 'amd64' && /(?:^|\/)(?:lib32|i386-linux-gnu)\//.test(path)) return LIBC6;
  if (architecture === 'amd64' && /(?:^|\/)libx32\//.test(path)) return X8664_LIBX32 | LIBC6;
  const own = { amd64: X8664_LIB64, arm64: AARCH64_LIB64, armhf: ARM_LIBHF }[architecture] ?? 0;
  return own | LIBC6;
}

/** Undefined for libraries of a machine that this ldconfig passes over. */
export function flagsOf(library: ElfLibrary, { architecture, minor }: Ldconfig): number | undefined {
  const { machine, is64, flags } = library;
  const plain = minor >= WITHOUT_LIBC5 || needsLibc6(library) ? LIBC6 : ELF;
  if (architecture === 'amd64' || architecture === 'i386') {
    if (machine === EM_X86_64) return (is64 ? X8664_LIB64 : X8664_LIBX32) | LIBC6;
    return machine === EM_386 && !is64 ? plain : undefined;
  }
  // ldconfig for Arm looks at the class alone.
  if (is64) return AARCH64_LIB64 | LIBC6;
  if (flags >>> 24 !== 5) return plain;
  if (flags & EF_ARM_ABI_FLOAT_HARD) return ARM_LIBHF | LIBC6;
  return flags & EF_ARM_ABI_FLOAT_SOFT ? ARM_LIBSF | LIBC6 : LIBC6;
}

const LIBC6_NAMES = /^(?:libc\.so\.6|libm\.so\.6|\/lib\/ld-linux(?:-armhf)?\.so\.[23])$/;

function needsLibc6({ needed }: ElfLibrary): boolean {
  return needed.some((name) => LIBC6_NAMES.test(name));
}

/** Names of libraries and of the dynamic linker: lib*.so*, ld-*.so*, ld.so.*, ld64.so.* */
export function isLibraryName(name: string): boolean {
  return /^(?:lib|ld-).*\.so|^ld(?:64)?\.so\./s.test(name);
}

export function isTemporary(name: string, { minor }: Ldconfig): boolean {
  if (/\.#prelink#(?:\..{6})?$/s.test(name)) return true;
  return minor >= SKIPS_TEMPORARY && /;|\.dpkg-(?:new|tmp)$/.test(name);
}

export function isLegacyHwcaps(name: string, { minor }: Ldconfig): boolean {
  return minor < WITHOUT_LEGACY_HWCAPS && LEGACY_HWCAPS.has(name);
}
