import { gzipSync, zstdCompressSync, constants } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompressed } from '../../src/filesystem/decompress.ts';
import { refusalOf } from '../../src/filesystem/layer-error.ts';
import { digestOf } from '../../src/core/digest.ts';
import { expectCode } from '../expect-code.ts';

const refuse = refusalOf(digestOf(Buffer.alloc(0)));
const DATA = Buffer.from(Array.from({ length: 400_000 }, (_, index) => (index * index) >> 7));

async function* chunked(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(bytes: Uint8Array, sizes: readonly number[] = [1 << 16]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompressed(chunked(bytes, sizes), refuse)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** A frame that decoders pass over: zstd:chunked keeps its table of contents in one. */
function skippable(content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a53);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}

const zstd = (data: Uint8Array, params = {}): Buffer => zstdCompressSync(data, { params });
const checksum = { [constants.ZSTD_c_checksumFlag]: 1 };
const sizeless = { [constants.ZSTD_c_contentSizeFlag]: 0 };
const half = DATA.length / 2;
const halves = [DATA.subarray(0, half), DATA.subarray(half)] as const;

describe('the bytes of a layer', () => {
  it.each([
    ['plain bytes', DATA],
    ['gzip', gzipSync(DATA)],
    ['gzip of two members', Buffer.concat([gzipSync(halves[0]), gzipSync(halves[1])])],
    ['zstd', zstd(DATA)],
    ['zstd with a checksum', zstd(DATA, checksum)],
    ['zstd without a content size', zstd(DATA, sizeless)],
    ['zstd of two frames', Buffer.concat([zstd(halves[0]), zstd(halves[1], checksum)])],
    ['zstd with frames to skip', Buffer.concat([skippable(DATA), zstd(DATA), skippable(Buffer.alloc(0))])],
    ['zstd with an empty frame', Buffer.concat([zstd(Buffer.alloc(0)), zstd(DATA)])],
  ])('come out of %s, in chunks of any size', async (_name, bytes) => {
    expect((await read(bytes)).equals(DATA)).toBe(true);
    expect((await read(bytes, [bytes.length])).equals(DATA)).toBe(true);
    const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(sizes, async (some) => (await read(bytes, some)).equals(DATA)),
      { numRuns: 5 },
    );
  });

  it('are thousands of frames', async () => {
    const parts = Array.from({ length: 2000 }, (_, index) => DATA.subarray(index * 200, (index + 1) * 200));
    expect((await read(Buffer.concat(parts.map((part) => zstd(part))))).equals(DATA)).toBe(true);
  });

  it('are a run of one byte', async () => {
    const run = Buffer.alloc(1 << 20, 7);
    expect((await read(zstd(run))).equals(run)).toBe(true);
  });

  it.each([
    ['gzip', gzipSync(DATA)],
    ['zstd', zstd(DATA, checksum)],
  ])('of %s are refused when a byte is wrong or the end is missing', async (_name, bytes) => {
    await expectCode(() => read(bytes.subarray(0, -5)), 'LAYER_INVALID');
    const wrong = Buffer.from(bytes);
    wrong[bytes.length >> 1] = (wrong[bytes.length >> 1] ?? 0) ^ 0x40;
    await expectCode(() => read(wrong), 'LAYER_INVALID');
  });

  it('of zstd are refused when something else follows', async () => {
    await expectCode(() => read(Buffer.concat([zstd(DATA), Buffer.from('garbage')])), 'LAYER_INVALID');
  });
});
