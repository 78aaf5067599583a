import { deflateRawSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import type { HostRange } from '../../src/filesystem/entry.ts';
import { openScanner } from '../../src/layer/scan-content.ts';
import { expectCode } from '../expect-code.ts';
import { wheelOf } from './layer-fixture.ts';

const TEXT = Buffer.from('one line of many\n'.repeat(100));
/** More than any buffer. */
const BIG = Buffer.alloc(9 << 20, TEXT);

const ctx = createContext();

async function scan(ranges: readonly HostRange[], context = ctx): Promise<Buffer[]> {
  const scanner = await openScanner(context);
  onTestFinished(() => scanner.close());
  const contents: Buffer[] = [];
  for (const range of ranges) {
    const chunks: Uint8Array[] = [];
    await scanner.scan(
      range,
      (why) => new RangeError(why),
      (bytes) => chunks.push(Uint8Array.from(bytes)),
    );
    contents.push(Buffer.concat(chunks));
  }
  return contents;
}

/** Deflated unless said otherwise. */
const rangesOf = (contents: readonly Buffer[], stored = false): HostRange[] =>
  wheelOf(contents.map((data) => ({ data, stream: stored ? data : deflateRawSync(data), stored })));

describe('openScanner', () => {
  test.each([
    ['deflated', false],
    ['stored', true],
  ])('passes on contents that are %s, one after the other', async (_name, stored) => {
    const contents = [TEXT, BIG, Buffer.alloc(0), TEXT.subarray(7)];
    const found = await scan(rangesOf(contents, stored));
    expect(found.map((bytes, i) => bytes.equals(contents[i]!))).toEqual([true, true, true, true]);
  });

  test.each<[string, Partial<HostRange>, boolean, RegExp]>([
    ['another CRC-32', { crc32: 7 }, false, /CRC-32/],
    ['another CRC-32, stored', { crc32: 7 }, true, /CRC-32/],
    ['more bytes than announced', { size: BIG.length - 1 }, false, /more bytes/],
    ['fewer bytes than announced', { size: BIG.length + 1 }, false, /fewer bytes/],
    ['a cut stream', { length: 1000 }, false, /fewer bytes/],
  ])('refuses %s', async (_name, lie, stored, words) => {
    const [range] = rangesOf([BIG], stored);
    await expect(scan([{ ...range!, ...lie }])).rejects.toThrow(words);
  });

  test('leaves a bomb after its first bytes too many', async () => {
    const [range] = rangesOf([BIG]);
    const scanner = await openScanner(ctx);
    onTestFinished(() => scanner.close());
    let seen = 0;
    const work = scanner.scan(
      { ...range!, size: 1 << 20 },
      (why) => new RangeError(why),
      (bytes) => void (seen += bytes.length),
    );
    await expect(work).rejects.toThrow(RangeError);
    expect(seen).toBeLessThanOrEqual((1 << 20) + (1 << 18));
  });

  test('goes on after a content that was refused, without a byte of it', async () => {
    const [broken, whole] = rangesOf([BIG, TEXT]);
    const scanner = await openScanner(ctx);
    onTestFinished(() => scanner.close());
    const chunks: Uint8Array[] = [];
    const scanOne = (range: HostRange): Promise<void> =>
      scanner.scan(
        range,
        (why) => new RangeError(why),
        (bytes) => chunks.push(Uint8Array.from(bytes)),
      );
    await expect(scanOne({ ...broken!, length: 1000 })).rejects.toThrow(RangeError);
    chunks.length = 0;
    await scanOne(whole!);
    expect(Buffer.concat(chunks).equals(TEXT)).toBe(true);
  });

  test('stops when it is aborted', async () => {
    const signal = AbortSignal.abort();
    await expectCode(() => scan(rangesOf([BIG]), createContext({ signal })), 'ABORTED');
  });
});
