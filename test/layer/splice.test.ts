import { deflateSync } from 'fflate';
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import type { HostRange } from '../../src/filesystem/entry.ts';
import { BlockScanner } from '../../src/layer/block-scanner.ts';
import { ByteWindow, memorySource } from '../../src/layer/byte-window.ts';
import { createInflater } from '../../src/layer/create-inflater.ts';
import { Gather } from '../../src/layer/gather.ts';
import { createHandleInflater } from '../../src/layer/inflate-handle.ts';
import { STREAM_INFLATER } from '../../src/layer/inflate-stream.ts';
import { createPace } from '../../src/layer/pace.ts';
import { expectCode } from '../expect-code.ts';
import { createRandom, packBytes, plainTar, randomData, rangeFile, wheelOf } from './layer-fixture.ts';

type Encoder = (data: Buffer) => Buffer;

const halves = (data: Buffer): [Buffer, Buffer] => [
  data.subarray(0, data.length >> 1),
  data.subarray(data.length >> 1),
];
const flushed =
  (finishFlush: number, second: Encoder, between = Buffer.alloc(0)): Encoder =>
  (data) => {
    const [first, rest] = halves(data);
    return Buffer.concat([deflateRawSync(first, { finishFlush }), between, second(rest)]);
  };
const EMPTY_STORED = Buffer.from([0, 0, 0, 0xff, 0xff]);

const ENCODERS: readonly Encoder[] = [
  ...[0, 1, 3, 6, 9].flatMap((level) =>
    [1, 8, 9].map(
      (memLevel): Encoder =>
        (data) =>
          deflateRawSync(data, { level, memLevel }),
    ),
  ),
  ...[constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE, constants.Z_FILTERED].flatMap((strategy) =>
    [1, 8].map(
      (memLevel): Encoder =>
        (data) =>
          deflateRawSync(data, { strategy, memLevel }),
    ),
  ),
  (data) => deflateRawSync(data, { windowBits: 9 }),
  ...([0, 1, 6, 9] as const).map(
    (level): Encoder =>
      (data) =>
        Buffer.from(deflateSync(data, { level })),
  ),
  flushed(constants.Z_SYNC_FLUSH, (data) => deflateRawSync(data)),
  (data) => Buffer.concat([deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }), Buffer.from([3, 0])]),
  flushed(constants.Z_FULL_FLUSH, (data) => deflateRawSync(data, { strategy: constants.Z_FIXED }), EMPTY_STORED),
  flushed(constants.Z_FULL_FLUSH, (data) => deflateRawSync(data, { level: 0 })),
  flushed(
    constants.Z_SYNC_FLUSH,
    flushed(constants.Z_FULL_FLUSH, (data) => Buffer.from(deflateSync(data))),
  ),
];

interface Stream {
  readonly data: Buffer;
  readonly stream: Buffer;
  readonly stored?: boolean;
}

/** A tenth of them with ones in the unused bits of the last byte, which RFC 1951 does not forbid. */
function randomStream(random: (below: number) => number): Stream {
  const data = randomData(random);
  if (random(12) === 0) return { data, stream: data, stored: true };
  const stream = Buffer.from(ENCODERS[random(ENCODERS.length)]!(data));
  if (random(10) === 0) {
    const window = new ByteWindow();
    window.open(memorySource(stream));
    const used = new BlockScanner(window).walk()!.end % 8;
    if (used > 0) stream[stream.length - 1]! |= 0xff << used;
  }
  return { data, stream };
}

function referenceTar(streams: readonly Stream[]): Buffer {
  return plainTar(streams.map(({ data }, index) => ({ name: nameOf(index), data })));
}

const nameOf = (index: number): string => `f${String(index).padStart(4, '0')}`;

describe('splicing', () => {
  test(
    'gives the reference tar for every encoder, and equal bytes with either inflater',
    { timeout: 60_000 },
    async () => {
      const random = createRandom(1);
      let count = 0;
      for (let layer = 0; layer < 70; layer++) {
        const streams = Array.from({ length: 160 + random(20) }, () => randomStream(random));
        const entries = wheelOf(streams).map((range, index) => rangeFile(nameOf(index), range));
        const fast = await packBytes(entries, createHandleInflater());
        const slow = await packBytes(entries, STREAM_INFLATER);
        expect(fast.tar.equals(referenceTar(streams))).toBe(true);
        expect(slow.blob.equals(fast.blob)).toBe(true);
        count += streams.length;
      }
      expect(count).toBeGreaterThan(10_000);
      expect(ENCODERS.length).toBeGreaterThanOrEqual(20);
    },
  );

  test('finds the last block as the walk over all blocks does', async () => {
    const random = createRandom(2);
    const window = new ByteWindow();
    const scanner = new BlockScanner(window);
    const tar = new Gather(3000, () => {});
    const inflater = createHandleInflater()!;
    for (let i = 0; i < 3000; i++) {
      const { data, stream, stored } = randomStream(random);
      if (stored) continue;
      window.open(memorySource(stream));
      const { starts } = await inflater.inflate(window, data.length, tar, createPace(createContext(), 0));
      const walked = scanner.walk();
      expect(scanner.locate(starts!)).toEqual(walked);
      expect(walked).toBeDefined();
    }
    inflater.close();
  });

  test.each([
    [
      'incompressible, larger than the window',
      3 << 20,
      (i: number) => (Math.imul(i, 2_654_435_761) >>> 13) ^ (i >> 7),
      6,
    ],
    ['one huge block', 9 << 20, () => 0, 6],
    ['many blocks', 5 << 20, (i: number) => 97 + (((i * i) >> 9) % 23), 1],
    ['only stored blocks', 5 << 20, (i: number) => i >> 3, 0],
  ])('reads large members through the window: %s', async (_, size, byteAt, level) => {
    const data = Buffer.from(Uint8Array.from({ length: size }, (_, i) => byteAt(i)));
    const streams = [{ data, stream: deflateRawSync(data, { level }) }];
    const entries = wheelOf(streams).map((range, index) => rangeFile(nameOf(index), range));
    const fast = await packBytes(entries, createHandleInflater());
    const slow = await packBytes(entries, STREAM_INFLATER);
    expect(fast.tar.equals(referenceTar(streams))).toBe(true);
    expect(slow.blob.equals(fast.blob)).toBe(true);
  });

  test('passes streams on as they are, and refers to the long ones', async () => {
    const random = createRandom(4);
    const data = Buffer.from(Array.from({ length: 20_000 }, () => random(200)));
    const short = data.subarray(0, 100);
    const [long, brief] = wheelOf([
      { data, stream: deflateRawSync(data) },
      { data: short, stream: deflateRawSync(short) },
    ]);
    const { packed } = await packBytes([rangeFile('a', long!), rangeFile('b', brief!)]);
    const { sources, pieces } = packed.recipe;
    expect(sources).toEqual([expect.any(String), long!.file]);
    const referred = pieces.filter((_, index) => index % 3 === 2 && pieces[index - 2] === 1);
    const changed = long!.length - referred.reduce((sum, length) => sum + length, 0);
    expect(changed, 'the byte with the BFINAL bit and the last one are ours').toBeLessThanOrEqual(2);
  });
});

describe('a damaged member', () => {
  const random = createRandom(3);
  const data = Buffer.from(Array.from({ length: 6000 }, () => 97 + random(9)));
  const whole = deflateRawSync(data, { memLevel: 1 });
  const inflaters = [
    ['fast', () => createHandleInflater()],
    ['public', () => STREAM_INFLATER],
  ] as const;

  async function expectDamage(
    change: Partial<HostRange>,
    stream: Buffer,
    make: (typeof inflaters)[number][1],
  ): Promise<void> {
    const [range] = wheelOf([{ data, stream }]);
    const entry = rangeFile('pkg/data.bin', { ...range!, ...change });
    const { message, facts } = await expectCode(() => packBytes([entry], make()), 'WHEEL_INVALID');
    expect(message).toContain('pkg/data.bin');
    expect(facts['file']).toBe(range!.file);
  }

  describe.each(inflaters)('with the %s inflater', (_, make) => {
    test('has another CRC-32', () => expectDamage({ crc32: crc32(data) - 1 }, whole, make));
    test('gives fewer bytes', () => expectDamage({ size: data.length + 1 }, whole, make));
    test('gives more bytes', () => expectDamage({ size: data.length - 1 }, whole, make));
    test('gives bytes although none are announced', () => expectDamage({ size: 0 }, whole, make));
    test('goes on behind its end', async () => {
      const single = deflateRawSync(data);
      for (let byte = 0; byte < 256; byte++) {
        await expectDamage({}, Buffer.concat([whole, Buffer.of(byte)]), make);
        await expectDamage({}, Buffer.concat([single, Buffer.of(1, byte)]), make);
      }
    });
    test('is no DEFLATE stream', () => expectDamage({}, Buffer.from('PK\x03\x04 not deflate'), make));
    test('is empty', () => expectDamage({}, Buffer.alloc(0), make));
    test('is cut anywhere', async () => {
      for (let length = whole.length - 1; length >= 0; length -= length > whole.length - 20 ? 1 : 97)
        await expectDamage({}, whole.subarray(0, length), make);
    });
    test('is cut anywhere although the size fits', async () => {
      const flushedOnly = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH });
      await expectDamage({}, flushedOnly, make);
      await expectDamage({}, flushedOnly.subarray(0, -4), make);
    });
  });

  test('stored with another CRC-32', () =>
    expectDamage({ encoding: 'identity', crc32: 1, length: data.length }, data, inflaters[0][1]));
});

describe('createInflater', () => {
  test('takes the public streams on releases of Node that were not tried', async () => {
    expect(await createInflater('99.0.0')).toBe(STREAM_INFLATER);
  });

  test('trusts the private handle on this release', async () => {
    const inflater = await createInflater();
    expect(inflater).not.toBe(STREAM_INFLATER);
    inflater.close();
  });
});
