import { describe, expect, it } from 'vitest';
import { decompressXz } from '../../src/deb/xz.ts';
import { refusalOf } from '../../src/deb/invalid-deb.ts';
import { drain, expectCode } from '../expect-code.ts';
import { storeXz } from './store-xz.ts';

/** Made by xz 5.4 of three times the same line, with CRC-64. */
const COMPRESSED = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4AB6ACBdADCICmcTlgJTNn0t9v7bFCQGYDKwVUYloltWcWepPIAAAHfPTvrU7ZyUAAE8e2BkopQftvN9AQAAAAAEWVo=',
  'base64',
);
const TEXT = 'a small text, twice: a small text, twice\n'.repeat(3);
const refuse = refusalOf('demo 1.0');

async function* inChunks(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const decompress = (bytes: Buffer, length = 1 << 16): Promise<Buffer> =>
  drain(decompressXz(inChunks(bytes, length), refuse));

async function expectRefused(bytes: Buffer, words: string): Promise<void> {
  const error = await expectCode(() => decompress(bytes), 'DEB_INVALID');
  expect(error.message).toContain(words);
}

describe('decompressXz', () => {
  it.each([1, 7, 100, 65_536])('gives the content whatever the chunks are (%i bytes)', async (length) => {
    expect((await decompress(COMPRESSED, length)).toString()).toBe(TEXT);
  });

  it('gives long contents, and nothing for nothing', async () => {
    const long = Buffer.alloc(700_001, 'long content ');
    expect((await decompress(storeXz(long), 1000)).equals(long)).toBe(true);
    expect(await decompress(storeXz(Buffer.alloc(0)))).toHaveLength(0);
  });

  it('reads streams in a row', async () => {
    expect((await decompress(Buffer.concat([COMPRESSED, COMPRESSED]))).toString()).toBe(TEXT + TEXT);
  });

  it('refuses what stops before its end', async () => {
    for (let length = 0; length < COMPRESSED.length; length++)
      await expectRefused(COMPRESSED.subarray(0, length), 'damaged or stops before its end');
  });

  it('refuses what was changed, wherever that matters', async () => {
    /** The first byte of an LZMA range coder means nothing. */
    const meaningless = 30;
    for (let at = 0; at < COMPRESSED.length; at++) {
      const changed = Buffer.from(COMPRESSED);
      changed[at]! ^= 0x10;
      if (at === meaningless) expect((await decompress(changed)).toString()).toBe(TEXT);
      else await expectRefused(changed, 'cannot be decompressed');
    }
  });

  it('refuses bytes behind the end', async () => {
    await expectRefused(Buffer.concat([COMPRESSED, Buffer.from('x')]), 'damaged or stops before its end');
    await expectRefused(Buffer.concat([COMPRESSED, Buffer.alloc(40, 'x')]), 'it is no xz data');
  });

  it('hands on the error of the source', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield COMPRESSED.subarray(0, 30);
      throw new Error('the disk is gone');
    };
    await expect(drain(decompressXz(broken(), refuse))).rejects.toThrow('the disk is gone');
  });

  it('gives the next reader its turn when one leaves early', async () => {
    let isReleased = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield* inChunks(storeXz(Buffer.alloc(1_000_000)), 1000);
      } finally {
        isReleased = true;
      }
    };
    for await (const chunk of decompressXz(source(), refuse)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(isReleased).toBe(true);
    expect((await decompress(COMPRESSED)).toString()).toBe(TEXT);
  });

  it('serves several readers, one after the other', async () => {
    const all = await Promise.all([1, 2, 3].map((length) => decompress(COMPRESSED, length)));
    expect(all.map(String)).toEqual([TEXT, TEXT, TEXT]);
  });
});
