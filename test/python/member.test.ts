import { truncate } from 'node:fs/promises';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { memberBytes, readMember } from '../../src/python/member.ts';
import { readZip } from '../../src/python/zip.ts';
import { drain, expectCode } from '../expect-code.ts';
import type { TestMember } from './make-zip.ts';
import { makeZip } from './make-zip.ts';
import { wheelFile } from './make-wheel.ts';

const TEXT = 'one line of many\n'.repeat(100);
/** More than is inflated at once. */
const BIG = Buffer.alloc(9 << 20, TEXT);

async function only(member: TestMember) {
  const file = await wheelFile(makeZip([member]));
  const [found] = await readZip(file, 'wheel x');
  return { file, member: found! };
}

describe.each([
  ['deflated', { name: 'a', content: TEXT }],
  ['stored', { name: 'a', content: TEXT, method: 0 }],
  ['deflated and big', { name: 'a', content: BIG }],
  ['stored and big', { name: 'a', content: BIG, method: 0 }],
  ['empty', { name: 'a', method: 0 }],
  ['empty and deflated', { name: 'a' }],
] satisfies [string, TestMember][])('a member that is %s', (_name, member: TestMember) => {
  it('is read in every way', async () => {
    const content = Buffer.from(member.content ?? '');
    const { file, member: found } = await only(member);
    expect((await drain(memberBytes(file, found))).equals(content)).toBe(true);
    expect(Buffer.from(await readMember(file, found, 'wheel x')).equals(content)).toBe(true);
  });

  it('is not read when nobody wants it', async () => {
    // The file is opened by whoever reads: nothing fails before that.
    const { member: found } = await only(member);
    expect(memberBytes('/nowhere', found)).toBeDefined();
  });
});

const LIES: readonly (readonly [string, TestMember, string])[] = [
  ['another CRC', { name: 'a', content: TEXT, crc: 7 }, 'has a wrong CRC-32 for a'],
  ['another CRC, stored', { name: 'a', content: TEXT, method: 0, crc: 7 }, 'has a wrong CRC-32 for a'],
  ['another CRC and big', { name: 'a', content: BIG, crc: 7 }, 'has a wrong CRC-32 for a'],
  ['more bytes', { name: 'a', content: TEXT, size: 1699 }, 'has more bytes in a than it says'],
  ['a few bytes more', { name: 'a', content: 'abc', size: 2 }, 'has more bytes in a than it says'],
  ['bytes where none should be', { name: 'a', content: 'abc', size: 0 }, 'has more bytes in a than it says'],
  ['more bytes and big', { name: 'a', content: BIG, size: 5 << 20 }, 'has more bytes in a than it says'],
  ['fewer bytes', { name: 'a', content: TEXT, size: 1701 }, 'has fewer bytes in a than it says'],
  ['fewer bytes and big', { name: 'a', content: BIG, size: BIG.length + 1 }, 'has fewer bytes in a than it says'],
  ['no DEFLATE', { name: 'a', data: Buffer.from('no stream at all'), size: 9 }, 'cannot be read at a: '],
  ['a cut stream', { name: 'a', data: deflateRawSync(TEXT).subarray(0, -5), size: 1700 }, 'cannot be read at a: '],
];

describe('a member is refused for', () => {
  it.each(LIES)('%s', async (_name, lie, words) => {
    const { file, member } = await only(lie);
    const whole = await expectCode(() => readMember(file, member, 'wheel x'), 'WHEEL_INVALID');
    expect(whole.message).toContain(`wheel x ${words}`);
  });

  it('its size, as a document, before it is read', async () => {
    const { file, member } = await only({ name: 'METADATA', content: Buffer.alloc(33 << 20) });
    const error = await expectCode(() => readMember(file, member, 'wheel x'), 'WHEEL_INVALID');
    expect(error.message).toBe(`wheel x has a document of ${33 << 20} bytes: METADATA`);
  });

  it('bytes that are gone', async () => {
    const { file, member } = await only({ name: 'a', content: BIG, method: 0 });
    await truncate(file, 1000);
    await expectCode(() => readMember(file, member, 'wheel x'), 'WHEEL_INVALID');
    await expectCode(() => readMember(`${file}-gone`, member, 'wheel x'), 'WHEEL_INVALID');
  });
});
