import { describe, expect, it } from 'vitest';
import { readZip } from '../../src/python/zip.ts';
import { expectCode } from '../expect-code.ts';
import type { TestMember, ZipOptions } from './make-zip.ts';
import { makeZip } from './make-zip.ts';
import { wheelFile } from './make-wheel.ts';

const A: TestMember = { name: 'a.py', content: 'print("hello")\n' };
const B: TestMember = { name: 'b/c.txt', content: 'stored', method: 0 };

const read = async (members: readonly TestMember[], options?: ZipOptions): Promise<string[]> => {
  const found = await readZip(await wheelFile(makeZip(members, options)), 'wheel x');
  return found.map(({ name }) => name);
};

const refused = async (options: ZipOptions, words: RegExp): Promise<void> => {
  const error = await expectCode(() => read([A, B], options), 'WHEEL_INVALID');
  expect(error.message).toMatch(words);
};

describe('the end of a zip is found', () => {
  it.each<[string, ZipOptions]>([
    ['before a comment', { comment: 'a comment' }],
    ['before the longest comment', { comment: Buffer.alloc(65_535, 'PK\u0005\u0006') }],
    ['with zip64 end records', { zip64: true }],
    ['in a zip behind other bytes that its offsets count', { prefix: Buffer.from('#!/bin/sh\n'), shifted: true }],
  ])('%s', async (_name, options) => {
    expect(await read([A, B], options)).toEqual(['a.py', 'b/c.txt']);
  });

  it('without zip64 records for as many members as the old one can count', async () => {
    const many = Array.from({ length: 65_535 }, (_, i): TestMember => ({ name: `${i}`, method: 0 }));
    expect(await read(many)).toHaveLength(65_535);
  });
});

describe('a zip is refused whose end', () => {
  it.each<[string, ZipOptions, RegExp]>([
    ['is followed by other bytes', { suffix: Buffer.from('more') }, /not a zip archive, or is cut/],
    ['counts fewer members than there are', { count: 1 }, /more members in its directory/],
    ['counts more members than there are', { count: 3 }, /broken directory/],
    ['counts more members than a wheel has', { count: 200_001, zip64: true }, /more than 200000 members/],
    ['says a smaller directory', { directorySize: 60 }, /not where it says/],
    ['says a larger directory', { directorySize: 0x7fffffff }, /not where it says/],
    ['says another place of the directory', { directoryOffset: 0 }, /not where it says/],
    ['lies behind bytes of nobody', { gap: Buffer.alloc(5) }, /not where it says/],
    ['does not know of the bytes before it', { prefix: Buffer.from('#!/bin/sh\n') }, /not where it says/],
    ['leads to a zip64 record beyond the file', { zip64: true, locatorOffset: 2n ** 64n - 1n }, /leads nowhere/],
    ['leads to something that is no zip64 record', { zip64: true, locatorOffset: 0n }, /leads nowhere/],
  ])('%s', async (_name, options, words) => {
    await refused(options, words);
  });

  it('is not there', async () => {
    const whole = makeZip([A, B]);
    for (const bytes of [Buffer.alloc(0), Buffer.from('no zip'), Buffer.alloc(100_000), whole.subarray(0, -1)]) {
      const file = await wheelFile(bytes);
      const error = await expectCode(() => readZip(file, 'wheel x'), 'WHEEL_INVALID');
      expect(error.message).toBe('wheel x is not a zip archive, or is cut');
    }
  });

  it('is hidden in a comment', async () => {
    const inner = makeZip([A]);
    await refused({ comment: inner }, /not where it says/);
  });
});
