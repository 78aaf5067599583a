// Makers of DEFLATE streams by other people, each in its ways: what the zips of the world were compressed with.
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readZip } from '../../../src/python/zip.ts';
import { run } from './folder.ts';

/** Raw streams by name of the file; stored members of zips are not among them. */
export type Streams = ReadonlyMap<string, Buffer>;

/** Makes the streams of all files of a folder, by way; `out` is an empty folder. */
export type Encoder = (folder: string, out: string) => Promise<ReadonlyMap<string, Streams>>;

const SOURCES = join(import.meta.dirname, 'encoders');

/** A program that knows several ways: it writes OUT/WAY/FILE. */
function program(...words: readonly [string, ...string[]]): Encoder {
  const [name, ...args] = words;
  return async (folder, out) => {
    await run(name, [...args, folder, out]);
    const ways = await readdir(out);
    return new Map(await Promise.all(ways.map(async (way) => [way, await filesIn(join(out, way))] as const)));
  };
}

async function filesIn(folder: string): Promise<Streams> {
  const names = await readdir(folder);
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)));
}

/** Commands that write a file (`$1`) to a gzip stream on standard output. */
function gzips(...commands: readonly string[]): Encoder {
  return async (folder, out) => {
    const ways = new Map<string, Streams>();
    for (const [index, command] of commands.entries()) {
      const target = join(out, String(index));
      await mkdir(target);
      await run('sh', [
        '-euc',
        `cd "$1"; for f in *; do set -- "$f" "$2"; ${command} > "$2/$f"; done`,
        'sh',
        folder,
        target,
      ]);
      const files = await filesIn(target);
      ways.set(command, new Map([...files].map(([name, gzip]) => [name, streamOf(gzip)])));
    }
    return ways;
  };
}

/** The DEFLATE stream of a gzip file of one member (RFC 1952, 2.3). */
function streamOf(gzip: Buffer): Buffer {
  const flags = gzip[3]!;
  let at = 10;
  if (flags & 4) at += 2 + gzip.readUInt16LE(at);
  for (const text of [8, 16]) if (flags & text) at = gzip.indexOf(0, at) + 1;
  if (flags & 2) at += 2;
  return gzip.subarray(at, -8);
}

/** Commands that put all files of the working directory into the zip `$1`. */
function zips(...commands: readonly string[]): Encoder {
  return async (folder, out) => {
    const ways = new Map<string, Streams>();
    for (const [index, command] of commands.entries()) {
      const zip = await makeZip(folder, join(out, `${index}.zip`), command);
      const bytes = await readFile(zip);
      const deflated = (await readZip(zip, zip)).filter(({ method }) => method === 8);
      const streams = deflated.map(({ name, offset, compressedSize }) => {
        return [name, bytes.subarray(offset, offset + compressedSize)] as const;
      });
      ways.set(command, new Map(streams));
    }
    return ways;
  };
}

export async function makeZip(folder: string, zip: string, command: string): Promise<string> {
  await run('sh', ['-euc', command, 'sh', zip], { cwd: folder });
  return zip;
}

const levels = (command: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => command.replace('LEVEL', String(from + index)));

export const ENCODERS: Readonly<Record<string, Encoder>> = {
  "Go's compress/flate": program('go', 'run', join(SOURCES, 'deflate.go')),
  "Java's Deflater": program('java', join(SOURCES, 'Deflate.java')),
  "Python's zlib": program('python3', join(SOURCES, 'deflate.py')),
  'GNU gzip': gzips('gzip -1 -nc "$1"', 'gzip -c "$1"', 'gzip -9 -c "$1"', 'gzip --rsyncable -c "$1"'),
  busybox: gzips('busybox gzip -c "$1"'),
  pigz: gzips(
    'pigz -0 -c "$1"',
    'pigz -6 -c "$1"',
    'pigz -p 2 -b 128 -i -c "$1"',
    'pigz -R -c "$1"',
    'pigz -11 -I 1 -c "$1"',
    'pigz -11 -I 1 -O -c "$1"',
  ),
  libdeflate: gzips(...levels('libdeflate-gzip -LEVEL -c "$1"', 1, 12)),
  'ISA-L': gzips(...levels('igzip -LEVEL -c "$1"', 0, 3)),
  zopfli: gzips('zopfli --i1 -c "$1"'),
  '7-Zip': zips(
    ...[1, 5, 9].map((level) => `7zz a -bd -tzip -mm=Deflate -mx=${level} "$1" .`),
    '7zz a -bd -tzip -mm=Deflate -mfb=258 -mpass=2 "$1" .',
  ),
  'Info-ZIP': zips('zip -q -1 -r "$1" .', 'zip -q -9 -r "$1" .', 'zip -q -r - . | cat > "$1"'),
  AdvanceCOMP: zips(...levels('advzip -a -q -LEVEL -i 1 "$1" *', 1, 4)),
  libarchive: zips(
    'bsdtar --format zip -cf "$1" *',
    'bsdtar --format zip --options zip:compression-level=1 -cf "$1" *',
  ),
};
