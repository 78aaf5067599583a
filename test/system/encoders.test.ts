// Streams that other people's compressors made, spliced into layers: equal bytes by either inflater, and read by a strict reader.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlockScanner } from '../../src/layer/block-scanner.ts';
import { ByteWindow, memorySource } from '../../src/layer/byte-window.ts';
import { createHandleInflater } from '../../src/layer/inflate-handle.ts';
import { STREAM_INFLATER } from '../../src/layer/inflate-stream.ts';
import { readZip } from '../../src/python/zip.ts';
import { expectCode } from '../expect-code.ts';
import {
  comparePaths,
  createRandom,
  packBytes,
  plainTar,
  randomData,
  rangeFile,
  wheelOf,
} from '../layer/layer-fixture.ts';
import type { Streams } from './ground/encoders.ts';
import { ENCODERS, makeZip } from './ground/encoders.ts';
import { run } from './ground/folder.ts';

const LISTING = join(import.meta.dirname, 'ground', 'decoders', 'listing.py');

let root: string;
let corpus: ReadonlyMap<string, Buffer>;
const folder = (): string => join(root, 'corpus');

/** With eighty ways of making a stream: ten thousand streams. */
const SMALL_FILES = 120;
const random = createRandom(29);
const noise = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => random(256)));

function text(size: number): Buffer {
  const word = (): string => ['import', 'def', 'return', 'self', 'None', 'x', 'value'][random(7)]! + random(40);
  let made = '';
  while (made.length < size)
    made += `${'    '.repeat(random(4))}${word()} = ${word()}(${word()})  # ${random(100_000)}\n`;
  return Buffer.from(made.slice(0, size));
}

/** Frequencies by Fibonacci's numbers want the longest codes that there are. */
function skewed(): Buffer {
  const counts = [1, 1];
  while (counts.length < 24) counts.push(counts.at(-1)! + counts.at(-2)!);
  const symbols = counts.flatMap((count, symbol) => Array.from({ length: count }, () => symbol));
  return Buffer.from(
    symbols
      .map((symbol) => ({ symbol, at: random(1 << 30) }))
      .sort((a, b) => a.at - b.at)
      .map(({ symbol }) => symbol),
  );
}

/** A program: compiled code with tables and text between. */
async function binary(size: number): Promise<Buffer> {
  const file = await open(process.execPath);
  try {
    return (await file.read(Buffer.alloc(size), 0, size, 40 << 20)).buffer;
  } finally {
    await file.close();
  }
}

async function makeCorpus(): Promise<ReadonlyMap<string, Buffer>> {
  const page = noise(32_768);
  const files: Readonly<Record<string, Buffer>> = {
    empty: Buffer.alloc(0),
    one: Buffer.from('x'),
    four: Buffer.from('aaaa'),
    'all-bytes': Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    text: text(1_100_000),
    binary: await binary(300_000),
    noise: noise(70_000),
    zeros: Buffer.alloc(300_000),
    runs: Buffer.concat(Array.from({ length: 400 }, () => Buffer.alloc(1 + random(600), random(256)))),
    changing: Buffer.concat(Array.from({ length: 3 }, () => [text(20_000), noise(20_000)]).flat()),
    'far-matches': Buffer.concat([page, page, page.subarray(0, 300), noise(32_000), page]),
    'stored-limit': noise(65_535),
    'stored-limit-and-one': noise(65_536),
    skewed: skewed(),
    ...Object.fromEntries(Array.from({ length: SMALL_FILES }, (_, index) => [`small-${index}`, randomData(random)])),
  };
  return new Map(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'imagespec-encoders-'));
  await mkdir(folder());
  corpus = await makeCorpus();
  for (const [name, data] of corpus) await writeFile(join(folder(), name), data);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const outFolder = async (): Promise<string> => {
  const out = join(root, randomUUID());
  await mkdir(out);
  return out;
};

interface Member {
  readonly name: string;
  readonly data: Buffer;
  readonly stream: Buffer;
}

/** All streams as files of one layer, in its order. */
function membersOf(ways: ReadonlyMap<string, Streams>): Member[] {
  const members = [...ways].flatMap(([way, streams]) =>
    [...streams].map(([name, stream]): Member => {
      const data = corpus.get(name);
      if (!data) throw new Error(`${way} made a stream of ${name}, which there is not`);
      return { name: `${way.replaceAll(/[^\w=.-]+/g, '_')}/${name}`, data, stream };
    }),
  );
  return members.sort((a, b) => comparePaths(a.name, b.name));
}

async function judge(members: readonly Member[]): Promise<void> {
  const entries = wheelOf(members).map((range, index) => rangeFile(members[index]!.name, range));
  const fast = await packBytes(entries, createHandleInflater());
  const lines = members.map(({ name, data }) => `${createHash('sha256').update(data).digest('hex')}  ${name}\n`);
  expect(await run('python3', [LISTING, 'r|gz'], { input: fast.blob })).toBe(lines.sort().join(''));
  expect(fast.tar.equals(plainTar(members)), 'the tar is the expected one').toBe(true);
  const slow = await packBytes(entries, STREAM_INFLATER);
  expect(slow.blob.equals(fast.blob), 'both inflaters give equal bytes').toBe(true);
}

function lastBlockOf(stream: Buffer): number {
  const window = new ByteWindow();
  window.open(memorySource(stream));
  return new BlockScanner(window).walk()!.start;
}

describe('streams are spliced that were made by', () => {
  it.each(Object.entries(ENCODERS))('%s', async (_name, encoder) => {
    const members = membersOf(await encoder(folder(), await outFolder()));
    await judge(members);
    expect(members.length).toBeGreaterThan(SMALL_FILES);
    expect(members.filter(({ stream }) => lastBlockOf(stream) > 0).length, 'streams of several blocks').toBeGreaterThan(
      0,
    );
  });
});

describe('a zip is refused whose members are compressed by', () => {
  it.each(['Deflate64', 'BZip2', 'LZMA', 'PPMd'])('%s', async (method) => {
    const zip = await makeZip(folder(), join(await outFolder(), 'x.zip'), `7zz a -bd -tzip -mm=${method} "$1" text`);
    const { message } = await expectCode(() => readZip(zip, 'the wheel'), 'WHEEL_INVALID');
    expect(message).toContain('text');
  });
});
