// A zip's directory, read in place: what a wheel holds and where its streams lie. No zip library gives the streams themselves.
import { readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { invalidZip } from './invalid-zip.ts';
import { findZipEnd, readAt } from './zip-end.ts';
import { checkNames } from './zip-names.ts';

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
  /** Unix mode of the external attributes, 0 when the zip was not made on Unix. */
  readonly mode: number;
}

/** Directories of the largest wheels take a few megabytes. */
const DIRECTORY_LIMIT_BYTES = 64 << 20;
const MEMBER_LIMIT = 200_000;
/** Content of one wheel: the largest known (CUDA) stay below 8 GB. */
const CONTENT_LIMIT_BYTES = 32e9;
/** DEFLATE cannot gain more than this (RFC 1951: 258 bytes from two bits). */
const RATIO_LIMIT = 1032;
/** Local headers are read in windows: members lie in the order of the directory, so a window serves many. */
const WINDOW_BYTES = 1 << 17;
const LOCAL_HEADER_BYTES = 30;

/** A member as the directory has it: its offset is set when its local header was read. */
interface Found extends Omit<ZipMember, 'offset'> {
  /** Where its local header begins. */
  readonly header: number;
  offset: number;
}

/** All members of the zip; the names of directories end with a slash. Throws `WHEEL_INVALID` for anything that a wheel must not be. */
export async function readZip(file: string, what: string): Promise<ZipMember[]> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const end = await findZipEnd(handle, size, what);
    if (end.size > DIRECTORY_LIMIT_BYTES) throw invalidZip(what, 'has an impossibly large directory');
    if (end.count > MEMBER_LIMIT) throw invalidZip(what, `has more than ${MEMBER_LIMIT} members`);
    const found = parseDirectory(await readAt(handle, end.offset, end.size, what), end.count, what);
    const names = found.map(({ name }) => name);
    checkNames(names, what);
    refuseBombs(found, what);
    locate(handle.fd, found, end.offset, what);
    return found;
  } finally {
    await handle.close();
  }
}

function parseDirectory(directory: Buffer, count: number, what: string): Found[] {
  const found: Found[] = [];
  let at = 0;
  while (found.length < count) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50)
      throw invalidZip(what, 'has a broken directory');
    const extraAt = at + 46 + directory.readUInt16LE(at + 28);
    const commentAt = extraAt + directory.readUInt16LE(at + 30);
    const next = commentAt + directory.readUInt16LE(at + 32);
    if (next > directory.length) throw invalidZip(what, 'has a broken directory');
    const name = directory.toString('utf8', at + 46, extraAt);
    found.push(parseMember(directory, at, name, { from: extraAt, to: commentAt }, what));
    at = next;
  }
  if (at < directory.length) throw invalidZip(what, 'has more members in its directory than it says');
  return found;
}

interface Extra {
  readonly from: number;
  readonly to: number;
}

/** Encrypted, strongly encrypted, headers masked (APPNOTE.TXT 4.4.4). */
const ENCRYPTED = 0x2041;

/** @param extra where the member's extra field stands in the directory */
function parseMember(directory: Buffer, at: number, name: string, extra: Extra, what: string): Found {
  const method = directory.readUInt16LE(at + 10);
  if (directory.readUInt16LE(at + 8) & ENCRYPTED) throw invalidZip(what, `has an encrypted member "${name}"`);
  if (method !== 0 && method !== 8)
    throw invalidZip(what, `has a member "${name}" of the unknown compression method ${method}`);
  const long = (from: number): number => directory.readUInt32LE(at + from);
  const short = [long(24), long(20), long(42)] as const;
  const [size, compressedSize, header] = short.includes(0xffffffff)
    ? zip64Sizes(short, directory.subarray(extra.from, extra.to), name, what)
    : short;
  if (method === 0 && size !== compressedSize) throw invalidZip(what, `has a stored member "${name}" of two sizes`);
  return {
    name,
    method,
    crc32: long(16),
    compressedSize,
    size,
    offset: 0,
    header,
    mode: modeOf(directory.readUInt8(at + 5), directory.readUInt16LE(at + 40), name, what),
  };
}

/** Hosts of APPNOTE.TXT 4.4.2 whose upper attributes are a Unix mode: Unix and OS X. */
const UNIX_HOSTS = new Set([3, 19]);
const REGULAR_OR_UNSAID = new Set([0, 0o100000]);

function modeOf(host: number, mode: number, name: string, what: string): number {
  if (!UNIX_HOSTS.has(host)) return 0;
  const kind = mode & 0o170000;
  if (kind === 0o120000) throw invalidZip(what, `has a symbolic link "${name}"`);
  if (!name.endsWith('/') && !REGULAR_OR_UNSAID.has(kind))
    throw invalidZip(what, `has a member "${name}" that is neither file nor folder`);
  return mode;
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
    const until = Math.min(extra.length, from + extra.readUInt16LE(at + 2));
    const take = (value: number): number => {
      if (value !== 0xffffffff) return value;
      if (from + 8 > until) throw invalidZip(what, `has a broken zip64 field at "${name}"`);
      from += 8;
      return Number(extra.readBigUInt64LE(from - 8));
    };
    return [take(short[0]), take(short[1]), take(short[2])];
  }
  throw invalidZip(what, `lacks the zip64 field of "${name}"`);
}

function refuseBombs(found: readonly Found[], what: string): void {
  let total = 0;
  for (const { name, size, compressedSize } of found) {
    if (size > compressedSize * RATIO_LIMIT + 64) throw invalidZip(what, `claims an impossible size for "${name}"`);
    total += size;
  }
  if (total > CONTENT_LIMIT_BYTES) throw invalidZip(what, `holds more than ${CONTENT_LIMIT_BYTES} bytes`);
}

/** Sets where each member's bytes begin; the local headers must agree with the directory, and no two members may share bytes. */
function locate(file: number, found: readonly Found[], end: number, what: string): void {
  const inOrder = [...found].sort((a, b) => a.header - b.header);
  const { bytes, seek } = createWindow(file, end, what);
  let free = 0;
  for (const member of inOrder) {
    if (member.header < free) throw invalidZip(what, `has overlapping members at "${member.name}"`);
    const at = seek(member.header, LOCAL_HEADER_BYTES);
    if (!localAgrees(bytes, at, member))
      throw invalidZip(what, `has a local header that contradicts the directory at "${member.name}"`);
    const nameLength = bytes.readUInt16LE(at + 26);
    const extraLength = bytes.readUInt16LE(at + 28);
    const nameAt = seek(member.header + LOCAL_HEADER_BYTES, nameLength);
    const name = bytes.toString('utf8', nameAt, nameAt + nameLength);
    if (name !== member.name) throw invalidZip(what, `calls "${member.name}" also "${name}"`);
    member.offset = member.header + LOCAL_HEADER_BYTES + nameLength + extraLength;
    free = member.offset + member.compressedSize;
    if (free > end) throw invalidZip(what, `has a member "${member.name}" that reaches into the directory`);
  }
}

/** Sizes and CRC stand here only when they were known before the bytes (APPNOTE.TXT 4.4.4, bit 3), and fit. */
function localAgrees(local: Buffer, at: number, { method, crc32, compressedSize, size }: Found): boolean {
  if (local.readUInt32LE(at) !== 0x04034b50 || local.readUInt16LE(at + 8) !== method) return false;
  const flags = local.readUInt16LE(at + 6);
  if (flags & ENCRYPTED) return false;
  if (flags & 8) return true;
  const fits = (found: number, value: number): boolean => found === value || found === 0xffffffff;
  const sizesFit = fits(local.readUInt32LE(at + 18), compressedSize) && fits(local.readUInt32LE(at + 22), size);
  return sizesFit && local.readUInt32LE(at + 14) === crc32;
}

/** Synchronous, as files of a cache are read: a promise per member would cost more than the read. */
function createWindow(file: number, end: number, what: string) {
  const bytes = Buffer.allocUnsafe(WINDOW_BYTES);
  let from = 0;
  let filled = 0;
  /** Where the bytes from `position` on stand in the window. */
  const seek = (position: number, length: number): number => {
    if (position + length > end) throw invalidZip(what, 'has a member outside the file');
    if (position < from || position + length > from + filled) {
      from = position;
      filled = Math.min(WINDOW_BYTES, end - position);
      if (readSync(file, bytes, 0, filled, position) < filled) throw invalidZip(what, 'is cut');
    }
    return position - from;
  };
  return { bytes, seek };
}
