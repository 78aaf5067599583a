// A zip's directory, read in place: what a wheel holds and where its streams lie. No zip library gives the streams themselves.
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { ImageSpecError } from '../core/error.ts';

/** One member (APPNOTE.TXT 4.3.12). */
export interface ZipMember {
  readonly name: string;
  /** 0 stored, 8 deflate. */
  readonly method: 0 | 8;
  readonly crc32: number;
  /** Bytes in the file. */
  readonly compressedSize: number;
  /** Bytes of the content. */
  readonly size: number;
  /** Where its bytes begin in the file. */
  readonly offset: number;
  /** Unix mode of the external attributes, 0 when the zip was made elsewhere. */
  readonly mode: number;
}

/** Directories of the largest wheels take a few megabytes. */
const DIRECTORY_LIMIT_BYTES = 64 << 20;
const MEMBER_LIMIT = 200_000;
/** Content of one wheel: the largest known (CUDA) stay below 8 GB. */
const CONTENT_LIMIT_BYTES = 32e9;
/** End record with the longest comment, and the zip64 locator before it. */
const TAIL_BYTES = 22 + 65_535 + 20;
/** Local headers are read in windows: members lie in the order of the directory, so a window serves many. */
const WINDOW_BYTES = 1 << 20;
const LOCAL_HEADER_BYTES = 30;

interface Found extends Omit<ZipMember, 'offset'> {
  readonly header: number;
}

/** All members of the zip; the names of directories end with a slash. Throws `WHEEL_INVALID` for anything that a wheel must not be. */
export async function readZip(file: string, what: string): Promise<ZipMember[]> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const end = await findEnd(handle, size, what);
    if (end.size > DIRECTORY_LIMIT_BYTES || end.offset + end.size > size)
      throw invalidZip(what, 'has an impossible directory');
    const directory = await readAt(handle, end.offset, end.size, what);
    const found = parseDirectory(directory, end.count, what);
    refuseBombs(found, what);
    return await locate(handle, found, end.offset, what);
  } finally {
    await handle.close();
  }
}

export function invalidZip(what: string, why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('WHEEL_INVALID', `${what} ${why}`, {
    hint: 'The wheel is damaged or hostile: choose another version, and tell its authors.',
    cause,
  });
}

async function readAt(handle: FileHandle, position: number, length: number, what: string): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  if (bytesRead < length) throw invalidZip(what, 'is cut');
  return buffer;
}

interface End {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

async function findEnd(handle: FileHandle, size: number, what: string): Promise<End> {
  const length = Math.min(size, TAIL_BYTES);
  const tail = await readAt(handle, size - length, length, what);
  let at = tail.length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== 0x06054b50) at--;
  if (at < 0) throw invalidZip(what, 'is not a zip archive');
  const end = {
    count: tail.readUInt16LE(at + 10),
    size: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  };
  if (end.count !== 0xffff && end.size !== 0xffffffff && end.offset !== 0xffffffff) return end;
  if (at < 20 || tail.readUInt32LE(at - 20) !== 0x07064b50) throw invalidZip(what, 'has no zip64 locator');
  const record = await readAt(handle, Number(tail.readBigUInt64LE(at - 12)), 56, what);
  if (record.readUInt32LE(0) !== 0x06064b50) throw invalidZip(what, 'has no zip64 end record');
  return {
    count: Number(record.readBigUInt64LE(32)),
    size: Number(record.readBigUInt64LE(40)),
    offset: Number(record.readBigUInt64LE(48)),
  };
}

function parseDirectory(directory: Buffer, count: number, what: string): Found[] {
  if (count > MEMBER_LIMIT) throw invalidZip(what, `has more than ${MEMBER_LIMIT} members`);
  const found: Found[] = [];
  const names = new Set<string>();
  for (let at = 0; found.length < count;) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50)
      throw invalidZip(what, 'has a broken directory');
    const nameLength = directory.readUInt16LE(at + 28);
    const extraLength = directory.readUInt16LE(at + 30);
    const next = at + 46 + nameLength + extraLength + directory.readUInt16LE(at + 32);
    if (next > directory.length) throw invalidZip(what, 'has a broken directory');
    const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
    checkName(name, names, what);
    found.push(
      parseMember(
        directory,
        at,
        name,
        directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength),
        what,
      ),
    );
    at = next;
  }
  return found;
}

function parseMember(directory: Buffer, at: number, name: string, extra: Buffer, what: string): Found {
  const flags = directory.readUInt16LE(at + 8);
  const method = directory.readUInt16LE(at + 10);
  if (flags & 1) throw invalidZip(what, `has an encrypted member "${name}"`);
  if (method !== 0 && method !== 8)
    throw invalidZip(what, `has a member "${name}" of the unknown compression method ${method}`);
  const mode = directory.readUInt32LE(at + 38) >>> 16;
  if ((mode & 0o170000) === 0o120000) throw invalidZip(what, `has a symbolic link "${name}"`);
  const short = [
    directory.readUInt32LE(at + 24),
    directory.readUInt32LE(at + 20),
    directory.readUInt32LE(at + 42),
  ] as const;
  const [size, compressedSize, header] = short.includes(0xffffffff) ? zip64Sizes(short, extra, name, what) : short;
  if (method === 0 && size !== compressedSize) throw invalidZip(what, `has a stored member "${name}" of two sizes`);
  return { name, method, crc32: directory.readUInt32LE(at + 16), compressedSize, size, header, mode };
}

/** APPNOTE.TXT 4.5.3: what did not fit stands in the extra field, in this order. */
function zip64Sizes(
  short: readonly [number, number, number],
  extra: Buffer,
  name: string,
  what: string,
): [number, number, number] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let from = at + 4;
    const take = (value: number): number => {
      if (value !== 0xffffffff) return value;
      if (from + 8 > extra.length) throw invalidZip(what, `has a broken zip64 field at "${name}"`);
      from += 8;
      return Number(extra.readBigUInt64LE(from - 8));
    };
    return [take(short[0]), take(short[1]), take(short[2])];
  }
  throw invalidZip(what, `lacks the zip64 field of "${name}"`);
}

/** Names that would leave the folder, hide another, or mean another file on some systems. */
function checkName(name: string, names: Set<string>, what: string): void {
  const parts = name.replace(/\/$/, '').split('/');
  const isOdd = parts.some((part) => part === '' || part === '.' || part === '..') || /[\\\0]|^[A-Za-z]:/.test(name);
  if (isOdd || name.includes('\ufffd'))
    throw invalidZip(what, `has a member with a path that is not allowed: "${name}"`);
  const key = name.toLowerCase();
  if (names.has(key))
    throw invalidZip(what, `has two members called "${name}", alike but for upper and lower case or equal`);
  names.add(key);
}

/** DEFLATE cannot gain more than this (RFC 1951: 258 bytes from two bits). */
const RATIO_LIMIT = 1032;

function refuseBombs(found: readonly Found[], what: string): void {
  let total = 0;
  for (const { name, size, compressedSize } of found) {
    if (size > compressedSize * RATIO_LIMIT + 64) throw invalidZip(what, `claims an impossible size for "${name}"`);
    total += size;
  }
  if (total > CONTENT_LIMIT_BYTES) throw invalidZip(what, `holds more than ${CONTENT_LIMIT_BYTES} bytes`);
}

/** Where each member's bytes begin; the local headers must agree with the directory, and no two members may share bytes. */
async function locate(handle: FileHandle, found: readonly Found[], end: number, what: string): Promise<ZipMember[]> {
  const inOrder = [...found].sort((a, b) => a.header - b.header);
  const window = createWindow(handle, end, what);
  const offsets = new Map<Found, number>();
  let free = 0;
  for (const member of inOrder) {
    if (member.header < free) throw invalidZip(what, `has overlapping members at "${member.name}"`);
    const local = await window(member.header, LOCAL_HEADER_BYTES);
    const nameLength = local.readUInt16LE(26);
    if (local.readUInt32LE(0) !== 0x04034b50 || local.readUInt16LE(8) !== member.method || nameLength > 65_535) {
      throw invalidZip(what, `has a local header that contradicts the directory at "${member.name}"`);
    }
    const name = (await window(member.header + LOCAL_HEADER_BYTES, nameLength)).toString('utf8');
    if (name !== member.name) throw invalidZip(what, `calls "${member.name}" also "${name}"`);
    const offset = member.header + LOCAL_HEADER_BYTES + nameLength + local.readUInt16LE(28);
    free = offset + member.compressedSize;
    if (free > end) throw invalidZip(what, `has a member "${member.name}" that reaches into the directory`);
    offsets.set(member, offset);
  }
  return found.map((member) => {
    const { name, method, crc32, compressedSize, size, mode } = member;
    return { name, method, crc32, compressedSize, size, mode, offset: offsets.get(member) ?? 0 };
  });
}

function createWindow(handle: FileHandle, end: number, what: string) {
  let from = 0;
  let bytes: Buffer = Buffer.alloc(0);
  return async (position: number, length: number): Promise<Buffer> => {
    if (position + length > end) throw invalidZip(what, 'has a member outside the file');
    if (position < from || position + length > from + bytes.length) {
      from = position;
      bytes = await readAt(handle, position, Math.min(Math.max(WINDOW_BYTES, length), end - position), what);
    }
    return bytes.subarray(position - from, position - from + length);
  };
}
