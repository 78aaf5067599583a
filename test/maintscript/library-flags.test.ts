import { describe, expect, it } from 'vitest';
import { readElfLibrary } from '../../src/maintscript/elf-library.ts';
import {
  describeLdconfig,
  flagsOf,
  isLibraryName,
  isTemporary,
  likelyFlags,
} from '../../src/maintscript/library-flags.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import type { LibraryParts } from './small-library.ts';
import { makeLibrary } from './small-library.ts';

const NEW = 'ldconfig (Debian GLIBC 2.41-12) stable release version 2.41';
const OLD = 'ldconfig (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36';

function flags(architecture: string, parts: LibraryParts, generator = NEW): number | undefined {
  const file = makeLibrary(parts);
  const library = readElfLibrary((offset, length) => file.subarray(offset, offset + length));
  if (!library) throw new Error('no library');
  return flagsOf(library, describeLdconfig(architecture, generator));
}

const I386 = { machine: 3, is64: false };
const ARM = { machine: 40, is64: false };

// Values of glibc's sysdeps/generic/ldconfig.h.
describe('flagsOf', () => {
  it('knows the libraries of x86', () => {
    expect(flags('amd64', {})).toBe(0x303);
    expect(flags('amd64', { is64: false })).toBe(0x803);
    expect(flags('i386', I386)).toBe(3);
    expect(flags('amd64', { machine: 183 })).toBeUndefined();
    expect(flags('amd64', { machine: 3 })).toBeUndefined();
  });

  it('asked for libc before 2.37', () => {
    expect(flags('amd64', I386, OLD)).toBe(1);
    expect(flags('amd64', { ...I386, needed: ['libz.so.1', 'libc.so.6'] }, OLD)).toBe(3);
    expect(flags('i386', { ...I386, interpreter: '/lib/ld-linux.so.2' }, OLD)).toBe(3);
  });

  it('knows the libraries of Arm', () => {
    expect(flags('arm64', { machine: 183 })).toBe(0xa03);
    expect(flags('armhf', { ...ARM, flags: 0x5000400 })).toBe(0x903);
    expect(flags('armhf', { ...ARM, flags: 0x5000200 })).toBe(0xb03);
    expect(flags('armhf', { ...ARM, flags: 0x5000000 })).toBe(3);
    expect(flags('armhf', { ...ARM, flags: 0x4000400 }, OLD)).toBe(1);
  });
});

describe('likelyFlags', () => {
  it('goes by the architecture and by directories for others', () => {
    const likely = (architecture: string, path: string): number =>
      likelyFlags(path, describeLdconfig(architecture, NEW));
    expect(likely('amd64', 'usr/lib/libz.so.1')).toBe(0x303);
    expect(likely('amd64', 'usr/lib32/libz.so.1')).toBe(3);
    expect(likely('amd64', 'lib/i386-linux-gnu/libz.so.1')).toBe(3);
    expect(likely('amd64', 'libx32/libz.so.1')).toBe(0x803);
    expect(likely('arm64', 'usr/lib/libz.so.1')).toBe(0xa03);
    expect(likely('armhf', 'usr/lib/libz.so.1')).toBe(0x903);
    expect(likely('i386', 'usr/lib/libz.so.1')).toBe(3);
  });
});

describe('describeLdconfig', () => {
  it('refuses what it does not know', () => {
    expect(() => describeLdconfig('s390x', NEW)).toThrow(NotInterpretable);
    expect(() => describeLdconfig('amd64', '')).toThrow(NotInterpretable);
    expect(() => describeLdconfig('amd64', 'ldconfig (Debian GLIBC 2.31-13) stable release version 2.31')).toThrow(
      '2.31-13',
    );
  });
});

describe('names', () => {
  it('tells libraries by their names', () => {
    const names = ['libz.so', 'libz.so.1', 'ld-linux.so.2', 'ld.so.1', 'ld64.so.1', 'libc.so-gdb.py'];
    expect(names.filter((name) => !isLibraryName(name))).toEqual([]);
    expect(['z.so.1', 'libz.a', 'ld.so', 'glib.so'].filter(isLibraryName)).toEqual([]);
  });

  it('tells files that are half written, as each release does', () => {
    const [older, newer] = [describeLdconfig('amd64', OLD), describeLdconfig('amd64', NEW)];
    expect(isTemporary('libz.so.1.dpkg-new', older)).toBe(false);
    expect(isTemporary('libz.so.1.dpkg-new', newer)).toBe(true);
    expect(isTemporary('libz.so.1;5f', newer)).toBe(true);
    expect(isTemporary('libz.so.1.#prelink#', older)).toBe(true);
    expect(isTemporary('libz.so.1', newer)).toBe(false);
  });
});
