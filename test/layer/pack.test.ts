import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { Entry, HostRange } from '../../src/filesystem/entry.ts';
import { directory, inlineFile, symlink } from '../../src/filesystem/entry.ts';
import { combineCrc32 } from '../../src/layer/crc32.ts';
import { LAYER_FORMAT } from '../../src/layer/format.ts';
import { pack } from '../../src/layer/pack.ts';
import { expectCode } from '../expect-code.ts';
import { createRandom, packBytes, rangeFile, readTar, temporaryFolder, wheelOf } from './layer-fixture.ts';

function hostFile(bytes: Uint8Array, change: Partial<HostRange> = {}): HostRange {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, bytes);
  const { mtimeMs } = statSync(file);
  return {
    kind: 'range',
    file,
    offset: 0,
    length: bytes.length,
    size: bytes.length,
    encoding: 'identity',
    changedMs: mtimeMs,
    ...change,
  };
}

/** One entry of each kind; what is compressed already is written down, since it may differ between builds of zlib. */
function everyKind(): Entry[] {
  const text = Buffer.from('def f():\n    return 1\n\n'.repeat(400));
  // 'hello hello hello hello\n', fixed code.
  const stream = Buffer.from('cb48cdc9c957c84027b900', 'hex');
  const random = createRandom(7);
  const noise = Buffer.from(Array.from({ length: 70_000 }, () => random(256)));
  const hello = Buffer.from('hello hello hello hello\n');
  const [deflated, stored] = wheelOf([
    { data: hello, stream: Buffer.from(stream) },
    { data: text, stream: text, stored: true },
  ]);
  return [
    directory('opt'),
    directory('opt/app'),
    inlineFile('opt/app/inline.py', text),
    inlineFile('opt/app/empty', ''),
    symlink('opt/app/link', 'inline.py'),
    rangeFile('opt/app/deflated', deflated!),
    rangeFile('opt/app/stored', stored!),
    rangeFile('opt/app/noise', hostFile(noise)),
    inlineFile('opt/ä', 'x', { mtime: 1_700_000_000, xattrs: { 'user.note': 'eA==' } }),
    { type: 'hardlink', path: 'opt/hard', target: 'opt/app/inline.py', mode: 0o644, uid: 0, gid: 0, mtime: 0 },
    { type: 'whiteout', path: 'opt/gone' },
  ];
}

describe('pack', () => {
  test('gives the bytes of this layer format', async () => {
    const { packed } = await packBytes(everyKind());
    expect(LAYER_FORMAT, 'raise it together with the digests below').toBe(1);
    expect(packed.diffId).toBe('sha256:9952614760ce46ed7bd992a2d24d7030bddb3b008ccb2c7c8b6bad23767f1893');
    expect(packed.descriptor.digest).toBe('sha256:8fab120179bebb5950110842e5851c3f143666924ac8cefaa56769cc29281432');
  });

  test('gives equal bytes for any order of entries', async () => {
    const entries = everyKind();
    const { blob } = await packBytes(entries);
    const random = createRandom(5);
    for (let run = 0; run < 5; run++) {
      const shuffled = entries.map((entry) => ({ entry, key: random(1000) })).sort((a, b) => a.key - b.key);
      expect((await packBytes(shuffled.map(({ entry }) => entry))).blob.equals(blob)).toBe(true);
    }
  });

  test('describes what it made', async () => {
    const entries = everyKind();
    const { packed, blob } = await packBytes(entries);
    expect(packed.descriptor).toEqual({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: digestOf(blob),
      size: blob.length,
    });
    expect(packed.entries).toBe(entries.length);
    expect(packed.literals).toBe(digestOf(readFileSync(packed.recipe.sources[0]!)));
  });

  test('keeps every content', async () => {
    const read = await readTar((await packBytes(everyKind())).tar);
    const bodies = Object.fromEntries(read.map(({ header, body }) => [header.name, body]));
    expect(bodies['opt/app/deflated']?.toString()).toBe('hello hello hello hello\n');
    expect(bodies['opt/app/stored']?.toString()).toBe(bodies['opt/app/inline.py']?.toString());
    expect(bodies['opt/app/noise']?.length).toBe(70_000);
    expect(bodies['opt/.wh.gone']?.length).toBe(0);
  });

  test('makes a valid layer of no entries', async () => {
    const { tar, packed } = await packBytes([]);
    expect(tar.equals(Buffer.alloc(1024))).toBe(true);
    expect(packed.entries).toBe(0);
  });

  test('compresses large files block by block, and leaves alone what does not shrink', async () => {
    const text = Buffer.from('0123456789 the quick brown fox\n'.repeat(100_000));
    const noise = randomBytes(2_500_000);
    const { blob, tar } = await packBytes([rangeFile('noise', hostFile(noise)), rangeFile('text', hostFile(text))]);
    expect(blob.length).toBeLessThan(noise.length + 100_000);
    expect(tar.includes(text)).toBe(true);
    expect(tar.includes(noise)).toBe(true);
  });

  test('copies host files, and refers only to members of wheels', async () => {
    const data = randomBytes(100_000);
    const [member] = wheelOf([{ data, stream: data, stored: true }]);
    const { packed } = await packBytes([rangeFile('host', hostFile(data)), rangeFile('member', member!)]);
    expect(packed.recipe.sources).toEqual([expect.stringMatching(/literals$/), member!.file]);
  });

  test('tells how far it is', async () => {
    const data = Buffer.alloc(12 << 20, 'x');
    const [range] = wheelOf([{ data, stream: deflateRawSync(data) }]);
    const progress: number[] = [];
    const entries = [rangeFile('a', range!)];
    await pack(createContext(), {
      entries,
      literals: join(temporaryFolder(), 'l'),
      onProgress: (done) => progress.push(done),
    });
    expect(progress.length).toBeGreaterThan(1);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBeLessThanOrEqual(data.length);
  });
});

describe('a pack that fails', () => {
  const failing = async (entries: readonly Entry[], signal?: AbortSignal): Promise<string> => {
    const literals = join(temporaryFolder(), 'literals');
    await pack(createContext({ signal }), { entries, literals });
    return literals;
  };

  test('leaves no literals behind', async () => {
    const literals = join(temporaryFolder(), 'literals');
    const data = Buffer.from('x');
    const [range] = wheelOf([{ data, stream: deflateRawSync(data) }]);
    const entries = [inlineFile('a', 'b'), rangeFile('b', { ...range!, crc32: 0 })];
    await expectCode(() => pack(createContext(), { entries, literals }), 'WHEEL_INVALID');
    expect(existsSync(literals)).toBe(false);
  });

  test('does not write over an existing file', async () => {
    const literals = join(temporaryFolder(), 'literals');
    writeFileSync(literals, 'precious');
    await expectCode(() => pack(createContext(), { entries: [], literals }), 'CACHE_UNWRITABLE');
    expect(readFileSync(literals, 'utf8')).toBe('precious');
  });

  test('says that the folder for the literals is missing', async () => {
    const literals = join(temporaryFolder(), 'missing', 'literals');
    await expectCode(() => pack(createContext(), { entries: [], literals }), 'CACHE_UNWRITABLE');
  });

  test.each<[string, (range: HostRange) => void]>([
    ['shorter', ({ file }) => truncateSync(file, 10)],
    ['gone', ({ file }) => unlinkSync(file)],
    ['written to', ({ file }) => utimesSync(file, 1, 1)],
  ])('notices that a file is %s', async (_, change) => {
    const range = hostFile(Buffer.alloc(3000, 'x'));
    change(range);
    const { facts } = await expectCode(() => failing([rangeFile('a', range)]), 'FILE_CHANGED');
    expect(facts['file']).toBe(range.file);
  });

  test('stops when it is aborted', async () => {
    const data = Buffer.alloc(40 << 20, 'x');
    const [range] = wheelOf([{ data, stream: deflateRawSync(data) }]);
    const controller = new AbortController();
    const literals = join(temporaryFolder(), 'literals');
    const packing = pack(createContext({ signal: controller.signal }), {
      entries: [rangeFile('a', range!)],
      literals,
      onProgress: () => controller.abort(),
    });
    await expectCode(() => packing, 'ABORTED');
    expect(existsSync(literals)).toBe(false);
    await expectCode(() => failing([], AbortSignal.abort()), 'ABORTED');
  });
});

test('the CRC-32 of the whole is that of its parts', () => {
  for (const [first, second] of [
    [0, 0],
    [1, 1],
    [5, 1000],
    [1000, 0],
    [70_000, 12_345],
  ] as const) {
    const a = randomBytes(first);
    const b = randomBytes(second);
    expect(combineCrc32(crc32(a), crc32(b), b.length)).toBe(crc32(Buffer.concat([a, b])));
  }
});
