// The end of a zip, from which all of it is found. Readers that guess differently see different archives: what is not exact is refused.
import type { FileHandle } from 'node:fs/promises';
import { invalidZip } from './invalid-zip.ts';

export interface ZipEnd {
  /** Where the directory begins. */
  readonly offset: number;
  /** Its bytes. */
  readonly size: number;
  /** Members in it. */
  readonly count: number;
}

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const RECORD_BYTES = 56;
/** End record with the longest comment, and the zip64 locator before it. */
const TAIL_BYTES = END_BYTES + 65_535 + LOCATOR_BYTES;

/** Throws `WHEEL_INVALID` unless the directory ends right where the end records begin (APPNOTE.TXT 4.3.6). */
export async function findZipEnd(handle: FileHandle, size: number, what: string): Promise<ZipEnd> {
  const length = Math.min(size, TAIL_BYTES);
  const tail = await readAt(handle, size - length, length, what);
  const at = lastEnd(tail);
  if (at < 0) throw invalidZip(what, 'is not a zip archive, or is cut');
  const position = size - length + at;
  const short = {
    count: tail.readUInt16LE(at + 10),
    size: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  };
  const isLong = at >= LOCATOR_BYTES && tail.readUInt32LE(at - LOCATOR_BYTES) === 0x07064b50;
  const [end, behind] = isLong
    ? await readLongEnd(handle, tail.readBigUInt64LE(at - 12), position - LOCATOR_BYTES, what)
    : [short, position];
  if (isLong && !agree(short, end)) throw invalidZip(what, 'has two end records that disagree');
  if (end.offset + end.size !== behind) throw invalidZip(what, 'has a directory that is not where it says');
  return end;
}

/** Bytes at a position; refuses a file that has fewer. */
export async function readAt(handle: FileHandle, position: number, length: number, what: string): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  if (bytesRead < length) throw invalidZip(what, 'is cut');
  return buffer;
}

/** Position of the last end record whose comment ends with the file, or -1. */
function lastEnd(tail: Buffer): number {
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    const isEnd = tail.readUInt32LE(at) === 0x06054b50;
    if (isEnd && at + END_BYTES + tail.readUInt16LE(at + 20) === tail.length) return at;
  }
  return -1;
}

/** The zip64 end record (APPNOTE.TXT 4.3.14) and where it begins; it must fill the room up to its locator. */
async function readLongEnd(
  handle: FileHandle,
  offset: bigint,
  locator: number,
  what: string,
): Promise<[ZipEnd, number]> {
  if (offset + BigInt(RECORD_BYTES) > BigInt(locator)) throw invalidZip(what, 'has a zip64 locator that leads nowhere');
  const at = Number(offset);
  const record = await readAt(handle, at, RECORD_BYTES, what);
  const isRecord = record.readUInt32LE(0) === 0x06064b50;
  if (!isRecord || Number(record.readBigUInt64LE(4)) + 12 !== locator - at)
    throw invalidZip(what, 'has a zip64 locator that leads nowhere');
  const end = {
    count: Number(record.readBigUInt64LE(32)),
    size: Number(record.readBigUInt64LE(40)),
    offset: Number(record.readBigUInt64LE(48)),
  };
  return [end, at];
}

/** Fields of the old record are those of the zip64 one, or say that they do not fit (APPNOTE.TXT 4.4.1.4). */
function agree(short: ZipEnd, long: ZipEnd): boolean {
  const fits = (a: number, b: number, full: number): boolean => a === b || a === full;
  return (
    fits(short.count, long.count, 0xffff) &&
    fits(short.size, long.size, 0xffffffff) &&
    fits(short.offset, long.offset, 0xffffffff)
  );
}
