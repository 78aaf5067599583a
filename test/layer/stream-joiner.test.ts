import { randomBytes } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createInflater } from '../../src/layer/create-inflater.ts';
import { Gather } from '../../src/layer/gather.ts';
import { StreamJoiner } from '../../src/layer/stream-joiner.ts';
import { createRandom, packBytes, randomData, rangeFile, readTar, wheelOf } from './layer-fixture.ts';

/** One stream per list of pieces. */
async function join(streams: readonly (readonly Buffer[])[], release?: string): Promise<Buffer[]> {
  const inflater = await createInflater(release);
  let bytes: Buffer[] = [];
  const out = new Gather(1000, (chunk) => void bytes.push(Buffer.from(chunk)));
  const joiner = new StreamJoiner(out, inflater, async () => {});
  const made: Buffer[] = [];
  for (const pieces of streams) {
    for (const piece of pieces) await joiner.add(piece);
    joiner.end();
    out.flush();
    made.push(Buffer.concat(bytes));
    bytes = [];
  }
  inflater.close();
  return made;
}

function streamsOf(seed: number): Buffer[][] {
  const random = createRandom(seed);
  const long = Buffer.from(Array.from({ length: 300_000 }, () => 97 + random(9)));
  const some = Array.from({ length: 60 }, () => Array.from({ length: random(5) }, () => randomData(random)));
  return [
    [long, long],
    [randomBytes(200_000), long],
    [long, randomBytes(200_000)],
    [randomBytes(200_000)],
    [],
    ...some,
  ];
}

test('pieces become one stream, whether they shrink or not', async () => {
  const streams = streamsOf(5);
  const joined = await join(streams);
  for (const [index, stream] of joined.entries()) {
    const { buffer, engine } = inflateRawSync(stream, { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    expect(buffer.equals(Buffer.concat(streams[index]!)), String(index)).toBe(true);
    expect(engine.bytesWritten).toBe(stream.length);
  }
});

test('the stream is the same with the inflater that uses nothing private', async () => {
  const streams = streamsOf(6);
  const [fast, plain] = [await join(streams), await join(streams, '21.0.0')];
  expect(plain.map((bytes) => bytes.toString('hex'))).toEqual(fast.map((bytes) => bytes.toString('hex')));
});

test('layers take the streams as they are', async () => {
  const streams = streamsOf(7);
  const joined = await join(streams);
  const members = joined.map((stream, index) => ({ data: Buffer.concat(streams[index]!), stream }));
  const entries = wheelOf(members).map((range, index) => rangeFile(`file-${String(index).padStart(3, '0')}`, range));
  const { tar } = await packBytes(entries);
  const read = await readTar(tar);
  expect(read.map(({ body }) => body.length)).toEqual(members.map(({ data }) => data.length));
  expect(read.every(({ body }, index) => body.equals(members[index]!.data))).toBe(true);
});
