import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readRangeBytes } from '../../src/deb/read-range-bytes.ts';
import type { HostRange } from '../../src/filesystem/entry.ts';
import { expectCode } from '../expect-code.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

const DATA = Buffer.from('what a script reads\n'.repeat(50));

async function rangeOf(stream: Buffer, change: Partial<HostRange> = {}): Promise<HostRange> {
  const file = join(await temporaryFolder(), 'content');
  writeFileSync(file, Buffer.concat([Buffer.from('before'), stream, Buffer.from('behind')]));
  const { length } = stream;
  const crc = crc32(DATA);
  return { kind: 'range', file, offset: 6, length, size: DATA.length, encoding: 'identity', crc32: crc, ...change };
}

const deflated = (change?: Partial<HostRange>): Promise<HostRange> =>
  rangeOf(deflateRawSync(DATA), { encoding: 'deflate', ...change });

describe('readRangeBytes', () => {
  it('gives the content, compressed or not', async () => {
    expect(Buffer.from(readRangeBytes(await rangeOf(DATA))).equals(DATA)).toBe(true);
    expect(Buffer.from(readRangeBytes(await rangeOf(DATA, { crc32: undefined }))).equals(DATA)).toBe(true);
    expect(Buffer.from(readRangeBytes(await deflated())).equals(DATA)).toBe(true);
    const empty = await rangeOf(deflateRawSync(''), { encoding: 'deflate', size: 0, crc32: 0 });
    expect(readRangeBytes(empty)).toHaveLength(0);
  });

  it('refuses what is not the content', async () => {
    const refused = async (range: HostRange, words: string): Promise<void> => {
      const error = await expectCode(() => readRangeBytes(range), 'FILE_CHANGED');
      expect(error.message).toContain(words);
    };
    await refused(await rangeOf(DATA, { crc32: 1 }), 'CRC-32');
    await refused(await deflated({ crc32: 1 }), 'CRC-32');
    await refused(await deflated({ size: DATA.length + 1 }), `${DATA.length} bytes instead of`);
    await refused(await deflated({ size: DATA.length - 1 }), 'holds something else');
    await refused(await rangeOf(Buffer.alloc(99, 0xff), { encoding: 'deflate' }), 'holds something else');
    const gone = await rangeOf(DATA, { file: join(await temporaryFolder(), 'gone') });
    await refused(gone, 'cannot be read any more');
    const cut = await rangeOf(DATA);
    truncateSync(cut.file, 20);
    await refused(cut, 'is shorter than it was');
    await refused(await rangeOf(DATA, { changedMs: 7 }), 'was written to');
  });

  it('reads no large files', async () => {
    await expectCode(async () => readRangeBytes(await rangeOf(DATA, { size: 2 ** 29, length: 2 ** 29 })), 'TOO_LARGE');
    await expectCode(async () => readRangeBytes(await deflated({ size: 2 ** 29 })), 'TOO_LARGE');
  });
});
