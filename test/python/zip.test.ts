import { createInflateRaw, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readZip } from '../../src/python/zip.ts';
import { drain, expectCode } from '../expect-code.ts';
import type { TestMember } from './make-zip.ts';
import { makeZip } from './make-zip.ts';
import { wheelFile } from './make-wheel.ts';

const A: TestMember = { name: 'a.py', content: 'print("hello")\n'.repeat(20) };
const B: TestMember = { name: 'b/c.txt', content: 'stored', method: 0 };

const read = async (members: readonly TestMember[]) => readZip(await wheelFile(makeZip(members)), 'wheel x');

describe('a zip', () => {
  it('is read with the place of every stream', async () => {
    const bytes = makeZip([A, B]);
    const members = await readZip(await wheelFile(bytes), 'wheel x');
    const contents = members.map(async ({ method, offset, compressedSize }) => {
      const stream = bytes.subarray(offset, offset + compressedSize);
      return String(method === 0 ? stream : await drain(createInflateRaw().end(stream)));
    });
    expect(await Promise.all(contents)).toEqual([A.content, B.content]);
    expect(members.map(({ method, size }) => [method, size])).toEqual([
      [8, 300],
      [0, 6],
    ]);
  });

  it.each<[string, TestMember]>([
    ['zip64 sizes', { ...A, zip64: true }],
    [
      'zip64 sizes in its local header',
      { ...A, local: { name: 'a.py', size: 0xffffffff, compressedSize: 0xffffffff } },
    ],
    ['a data descriptor', { ...A, descriptor: true }],
    ['a name in UTF-8', { ...A, name: 'größe.py' }],
    ['nothing in it', { name: 'empty', method: 0 }],
  ])('is read with a member of %s', async (_name, member) => {
    const [first, second] = await read([member, B]);
    expect(first).toMatchObject({ name: member.name, size: String(member.content ?? '').length });
    expect(second?.name).toBe('b/c.txt');
  });

  it('gives files and folders, and modes only where a Unix wrote them', async () => {
    const members = await read([
      { name: 'b/', mode: 0o040755, method: 0 },
      { ...A, mode: 0o100755 },
      { ...B, mode: 0o100755, host: 0 },
    ]);
    expect(members.map(({ name, mode }) => [name, mode])).toEqual([
      ['b/', 0o040755],
      ['a.py', 0o100755],
      ['b/c.txt', 0],
    ]);
  });
});

const refused = async (members: readonly TestMember[], words: RegExp): Promise<void> => {
  const error = await expectCode(() => read(members), 'WHEEL_INVALID');
  expect(error.message).toMatch(words);
  expect(error.message).toMatch(/^wheel x /);
  expect(error.hint).toBeDefined();
};

describe('a zip is refused with a member', () => {
  it.each<[string, TestMember, RegExp]>([
    ['that is encrypted', { ...A, flags: 1 }, /an encrypted member "a\.py"/],
    ['that is encrypted by its local header', { ...A, local: { name: 'a.py', flags: 1 } }, /local header .* "a\.py"/],
    ['of bzip2', { ...A, method: 12 }, /unknown compression method 12/],
    ['that is a symbolic link', { ...A, mode: 0o120777 }, /symbolic link "a\.py"/],
    ['that is a device', { ...A, mode: 0o060644 }, /neither file nor folder/],
    ['that is stored in two sizes', { ...B, size: 7 }, /stored member "b\/c\.txt" of two sizes/],
    ['that would be larger than DEFLATE allows', { ...A, size: 10_000_000 }, /impossible size for "a\.py"/],
    [
      'that claims the size of a disk',
      { ...A, size: 2 ** 45, compressedSize: 2 ** 40, zip64: true },
      /holds more than/,
    ],
    ['that reaches into the directory', { ...A, compressedSize: 500 }, /reaches into the directory/],
    ['outside the file', { ...A, at: 1_000_000 }, /outside the file/],
    ['beyond any file', { ...A, at: Number.MAX_SAFE_INTEGER, zip64: true }, /outside the file/],
    ['without a local header', { ...A, at: 3 }, /local header/],
    ['of another name in the local header', { ...A, local: { name: 'z.py' } }, /calls "a\.py" also "z\.py"/],
    ['of another method in the local header', { ...A, local: { name: 'a.py', method: 0 } }, /local header .* "a\.py"/],
    ['of another size in the local header', { ...A, local: { name: 'a.py', size: 1 } }, /local header/],
    ['of another stream in the local header', { ...A, local: { name: 'a.py', compressedSize: 1 } }, /local header/],
    ['of another CRC in the local header', { ...A, local: { name: 'a.py', crc: 1 } }, /local header/],
  ])('%s', async (_name, member, words) => {
    await refused([member], words);
  });

  it('whose bytes are those of another, as bombs of many names have', async () => {
    await refused([A, { ...A, name: 'b.py', at: 0 }], /overlapping members/);
    const inner = makeZip([{ ...A, name: 'b.py' }]).subarray(0, 40);
    await refused(
      [
        { ...A, method: 0, content: inner },
        { ...B, at: 34 },
      ],
      /overlapping members/,
    );
  });

  it('whose zip64 field is missing or short', async () => {
    await refused([{ ...A, size: 0xffffffff }], /lacks the zip64 field of "a\.py"/);
    const bytes = makeZip([{ ...A, zip64: true }]);
    const extra = bytes.indexOf(Buffer.from([1, 0, 24, 0]));
    bytes.writeUInt16LE(20, extra + 2);
    const error = await expectCode(async () => readZip(await wheelFile(bytes), 'wheel x'), 'WHEEL_INVALID');
    expect(error.message).toContain('broken zip64 field at "a.py"');
  });
});

it('a bomb is refused by its directory alone', async () => {
  const flat = deflateRawSync(Buffer.alloc(1 << 20));
  const bombs = Array.from({ length: 40 }, (_, i) => ({ name: `${i}`, data: flat, size: 1_000_000_000 }));
  await refused(bombs, /impossible size/);
});
