import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ElfLibrary } from '../../src/maintscript/elf-library.ts';
import { readElfLibrary } from '../../src/maintscript/elf-library.ts';
import { makeLibrary } from './small-library.ts';

const read = (file: Uint8Array): ElfLibrary | undefined =>
  readElfLibrary((offset, length) => file.subarray(offset, offset + length));

describe('readElfLibrary', () => {
  it.each([true, false])('reads what the dynamic section names; 64 bits: %s', (is64) => {
    const parts = {
      is64,
      machine: 40,
      flags: 0x5000400,
      soname: 'libx.so.1',
      needed: ['libc.so.6', 'liby.so.2'],
      isa: 5,
    };
    expect(read(makeLibrary(parts))).toEqual({
      ...parts,
      isa: undefined,
      isaLevel: 2,
    });
    expect(read(makeLibrary({ is64, interpreter: '/lib/ld.so.1' }))).toMatchObject({
      soname: undefined,
      needed: ['/lib/ld.so.1'],
      isaLevel: 0,
    });
  });

  it('passes over what is no shared object for a little-endian machine', () => {
    const change = (at: number, value: number): Buffer => {
      const file = makeLibrary();
      file.writeUInt8(value, at);
      return file;
    };
    expect(read(change(0, 0x20))).toBeUndefined();
    expect(read(change(4, 3))).toBeUndefined();
    expect(read(change(5, 2))).toBeUndefined();
    expect(read(change(16, 2))).toBeUndefined();
    expect(read(Buffer.from('GROUP ( libc.so.6 )'))).toBeUndefined();
  });

  it('never fails on bytes that are cut or wrong', () => {
    const file = makeLibrary({ soname: 'libx.so.1', needed: ['libc.so.6'], isa: 1 });
    const change = fc.tuple(fc.nat(320), fc.nat(255));
    fc.assert(
      fc.property(fc.nat(file.length), fc.array(change, { maxLength: 4 }), (length, changes) => {
        const bytes = Buffer.from(file);
        for (const [at, value] of changes) bytes.writeUInt8(value, at);
        const library = read(bytes.subarray(0, length));
        expect(library === undefined || typeof library.machine === 'number').toBe(true);
      }),
    );
  });
});
