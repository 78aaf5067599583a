// The C library of the base decides which compiled wheels run there.
import type { BaseFacts } from '../filesystem/facts.ts';
import type { Libc } from './interpreter.ts';

/** Where a multiarch folder is, there is dpkg, which knows the version: the file need not be kept. */
const LIBC_FILE = /^(?:usr\/)?lib(?:64)?\/libc\.so\.6$/;
/** glibc 2.40 has 2.4 MB. */
const LIBC_LIMIT_BYTES = 4 << 20;

/** How much of a file is needed to tell the C library; undefined for other files. */
export function captureForLibc(path: string): number | undefined {
  return LIBC_FILE.test(path) ? LIBC_LIMIT_BYTES : undefined;
}

/** The oldest that current wheels are built for: on a base that does not tell, what needs no more than this runs. */
const OLDEST_GLIBC: Libc = { kind: 'glibc', major: 2, minor: 17 };
/** Of every Alpine since 3.13 (2021), and the newest that wheels are built for. */
const USUAL_MUSL: Libc = { kind: 'musl', major: 1, minor: 2 };

/**
 * The C library by the package database, else by the files themselves, else the oldest that is met.
 * @param packages of `installedPackages`
 */
export function findLibc(facts: BaseFacts, packages: ReadonlyMap<string, string>): Libc {
  return (
    libcOf('glibc', packages.get('libc6')) ??
    libcOf('musl', packages.get('musl')) ??
    libcOf('glibc', packages.get('glibc')) ??
    libcOfFiles(facts) ??
    OLDEST_GLIBC
  );
}

function libcOfFiles({ entries, captured }: BaseFacts): Libc | undefined {
  for (const [path, bytes] of captured) {
    // `GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.` is in the file, for whoever runs it.
    const banner =
      LIBC_FILE.test(path) && /GNU C Library [^\n]*? version (2\.\d+)/.exec(Buffer.from(bytes).toString('latin1'));
    if (banner) return libcOf('glibc', banner[1]);
  }
  let musl = false;
  for (const path of entries.keys()) {
    const named = /(?:^|\/)libc-(2\.\d+)\.so$/.exec(path);
    if (named) return libcOf('glibc', named[1]);
    musl ||= /^(?:usr\/)?lib\/ld-musl-[^/]+\.so\.1$/.test(path);
  }
  return musl ? USUAL_MUSL : undefined;
}

/** @param version `2.36-9+deb12u13`, `1.2.5-r9` */
function libcOf(kind: Libc['kind'], version: string | undefined): Libc | undefined {
  const found = /^(\d+)\.(\d+)/.exec(version ?? '');
  return found ? { kind, major: Number(found[1]), minor: Number(found[2]) } : undefined;
}
