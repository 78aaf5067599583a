// A tar as its entries with nothing lost: binary extended attributes, device numbers, and where each content stands (POSIX.1-2017, pax; GNU's
// long names). tar-stream decodes attributes as text and forgets offsets, which is right for facts and wrong for what is unpacked again.
import { ByteReader } from './byte-reader.ts';
import type { Refuse } from './layer-error.ts';
import { checksumOf, isZero, parseNumber, parseText, TAR_BLOCK } from './tar-fields.ts';

export interface RawEntry {
  readonly type: 'file' | 'hardlink' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';
  /** As it is written. */
  readonly name: string;
  readonly target: string;
  /** 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds. */
  readonly mtime: number;
  readonly size: number;
  readonly device: readonly [major: number, minor: number];
  /** Values base64. */
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
  /** Of the content in the tar, bytes. */
  readonly offset: number;
  /** The content, for who wants it: at once, and whole. */
  readonly content: () => AsyncIterable<Uint8Array>;
}

/** As Go's archive/tar: a header of headers has names and attributes, never content. */
const PAX_LIMIT_BYTES = 1 << 20;
const TYPES: Readonly<Record<string, RawEntry['type']>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
};
const XATTR = 'SCHILY.xattr.';

type Records = ReadonlyMap<string, Buffer>;

/** Entries in their order; the source is read to its end. Throws what `refuse` makes for damaged archives. */
export async function* readRawTar(
  bytes: AsyncIterable<Uint8Array>,
  refuse: Refuse,
): AsyncGenerator<RawEntry, void, undefined> {
  const reader = new ByteReader(bytes);
  const global = new Map<string, Buffer>();
  let local = new Map<string, Buffer>();
  try {
    for (;;) {
      const block = await take(reader, TAR_BLOCK, refuse);
      if (isZero(block)) break;
      if (checksumOf(block) !== number(block, 148, 8, refuse)) throw refuse('holds a tar header with a wrong checksum');
      const flag = String.fromCharCode(block[156]!);
      const size = numberOf(local, global, 'size') ?? number(block, 124, 12, refuse);
      if (!Number.isSafeInteger(size) || size < 0) throw refuse('holds an entry of an impossible size');
      if ('xgLK'.includes(flag)) {
        const header = await headerOfHeaders(reader, size, refuse);
        if (flag === 'L') local.set('path', cString(header));
        else if (flag === 'K') local.set('linkpath', cString(header));
        else readRecords(header, flag === 'g' ? global : local, refuse);
        continue;
      }
      const type = TYPES[flag];
      if (!type) throw refuse(`holds an entry of type ${JSON.stringify(flag)}`);
      const held = type === 'file' ? size : 0;
      yield* oneEntry(reader, toEntry(block, type, held, local, global, refuse), refuse);
      local = new Map();
    }
    for await (const _rest of reader.rest()) {
      // Padding behind the end, read so that the whole blob is seen.
    }
  } finally {
    await reader.close();
  }
}

async function* oneEntry(
  reader: ByteReader,
  entry: Omit<RawEntry, 'offset' | 'content'>,
  refuse: Refuse,
): AsyncGenerator<RawEntry, void, undefined> {
  const offset = reader.offset;
  const end = offset + entry.size;
  async function* content(): AsyncGenerator<Uint8Array, void, undefined> {
    while (reader.offset < end) yield await take(reader, Math.min(end - reader.offset, 1 << 18), refuse);
  }
  yield { ...entry, offset, content };
  const left = end - reader.offset + ((TAR_BLOCK - (entry.size % TAR_BLOCK)) % TAR_BLOCK);
  if ((await reader.skip(left)) < left) throw refuse('stops before the end of its tar archive');
}

async function take(reader: ByteReader, length: number, refuse: Refuse): Promise<Buffer> {
  const bytes = await reader.take(length);
  if (bytes.length < length) throw refuse('stops before the end of its tar archive');
  return bytes;
}

async function headerOfHeaders(reader: ByteReader, size: number, refuse: Refuse): Promise<Buffer> {
  if (size > PAX_LIMIT_BYTES) throw refuse('holds a tar header of more than 1 MiB');
  const bytes = Buffer.from(await take(reader, size, refuse));
  await take(reader, (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK, refuse);
  return bytes;
}

function toEntry(
  block: Buffer,
  type: RawEntry['type'],
  size: number,
  local: Records,
  global: Records,
  refuse: Refuse,
): Omit<RawEntry, 'offset' | 'content'> {
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? parseText(block.subarray(345, 500), refuse) : '';
  const rest = parseText(block.subarray(0, 100), refuse);
  const text = (key: string): string | undefined => {
    const value = local.get(key) ?? global.get(key);
    return value && parseText(value, refuse);
  };
  const xattrs = Object.fromEntries(
    [...global, ...local]
      .filter(([key]) => key.startsWith(XATTR))
      .map(([key, value]) => [key.slice(XATTR.length), value.toString('base64')]),
  );
  return {
    type,
    name: text('path') ?? (prefix === '' ? rest : `${prefix}/${rest}`),
    target: text('linkpath') ?? parseText(block.subarray(157, 257), refuse),
    mode: number(block, 100, 8, refuse) & 0o7777,
    uid: numberOf(local, global, 'uid') ?? number(block, 108, 8, refuse),
    gid: numberOf(local, global, 'gid') ?? number(block, 116, 8, refuse),
    mtime: Math.floor(numberOf(local, global, 'mtime') ?? number(block, 136, 12, refuse)),
    size,
    device: [number(block, 329, 8, refuse), number(block, 337, 8, refuse)],
    ...(Object.keys(xattrs).length > 0 && { xattrs }),
  };
}

function numberOf(local: Records, global: Records, key: string): number | undefined {
  const value = local.get(key) ?? global.get(key);
  return value && Number(value.toString());
}

/** `<length> <key>=<value>\n`; an empty value takes a global one away. */
function readRecords(header: Buffer, into: Map<string, Buffer>, refuse: Refuse): void {
  for (let at = 0; at < header.length;) {
    const space = header.indexOf(0x20, at);
    const length = Number(header.toString('latin1', at, space));
    const equals = header.indexOf(0x3d, space);
    const end = at + length;
    const isWhole = space > at && equals > space && end <= header.length && equals < end && header[end - 1] === 0x0a;
    if (!Number.isSafeInteger(length) || !isWhole) throw refuse('holds a damaged PAX header');
    into.set(header.toString('utf8', space + 1, equals), header.subarray(equals + 1, end - 1));
    at = end;
  }
}

function cString(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

function number(block: Buffer, at: number, length: number, refuse: Refuse): number {
  return parseNumber(block.subarray(at, at + length), refuse);
}
