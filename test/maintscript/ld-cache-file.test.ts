import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheEntry } from '../../src/maintscript/ld-cache-file.ts';
import { compareEntries, compareLibraries, parseCache, printCache } from '../../src/maintscript/ld-cache-file.ts';

const name = fc.stringMatching(/^lib[a-z0-9.+-]{0,12}$/);
const entry: fc.Arbitrary<CacheEntry> = fc.record({
  soname: name,
  path: name.map((soname) => `/usr/lib/${soname}`),
  flags: fc.constantFrom(3, 0x303, 0xa03),
  isaLevel: fc.constant(0),
  hwcaps: fc.constantFrom(undefined, 'x86-64-v2', 'x86-64-v3'),
});

describe('ld.so.cache', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(entry), fc.string({ maxLength: 80 }), (entries, generator) => {
        const sorted = [...entries].sort(compareEntries);
        const file = { entries: sorted, generator: generator.toWellFormed() };
        expect(parseCache(printCache(file))).toEqual(file);
      }),
    );
  });

  it('keeps the level of a variant', () => {
    const variant = { soname: 'libz.so.1', path: '/l/libz.so.1', flags: 0x303, isaLevel: 2, hwcaps: 'x86-64-v3' };
    expect(parseCache(printCache({ entries: [variant], generator: '' }))?.entries).toEqual([variant]);
  });

  it('never fails on other bytes', () => {
    const bytes = printCache({ entries: [], generator: 'x' });
    expect(parseCache(Buffer.from('ld.so-1.7.0'))).toBeUndefined();
    expect(parseCache(Buffer.concat([Buffer.from('ld.so-1.7.0'), bytes]))).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        expect(parseCache(changed)?.entries ?? []).toEqual([]);
      }),
    );
  });
});

describe('the order', () => {
  it('takes runs of digits for numbers that stand behind everything else', () => {
    const rising = ['lib-a', 'liba', 'liba.so', 'liba.so.2', 'liba.so.2.9', 'liba.so.10', 'libab', 'liba1.so', 'lib2'];
    for (const [index, one] of rising.entries()) {
      for (const [other, two] of rising.entries()) {
        expect(Math.sign(compareLibraries(one, two)), `${one} ${two}`).toBe(Math.sign(index - other));
      }
    }
  });

  it('goes round where an int of C does', () => {
    expect(compareLibraries('lib4294967297', 'lib1')).toBe(0);
    expect(compareLibraries('lib2147483648', 'lib1')).toBeLessThan(0);
  });

  it('puts later names first, greater flags first, variants first', () => {
    const one = { soname: 'liba.so.1', path: '/a', flags: 0x303, isaLevel: 0, hwcaps: undefined };
    expect(compareEntries(one, { ...one, soname: 'liba.so.2' })).toBeGreaterThan(0);
    expect(compareEntries(one, { ...one, flags: 3 })).toBeLessThan(0);
    expect(compareEntries(one, { ...one, hwcaps: 'x' })).toBeGreaterThan(0);
    expect(compareEntries({ ...one, hwcaps: 'a' }, { ...one, hwcaps: 'b' })).toBeLessThan(0);
    expect(compareEntries(one, { ...one, path: '/b' })).toBe(0);
  });
});
