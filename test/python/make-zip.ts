// Zips written by hand, member by member, so that each can lie in a way of its own (APPNOTE.TXT 4.3).
//
//   makeZip([{ name: 'a.py', content: 'x = 1\n' }, { name: 'b', method: 0, crc: 7 }])
//   makeZip(members, { comment: 'at the end', prefix: Buffer.from('#!/bin/sh\n'), count: 1 })
//
// What is not said is honest.
import { crc32, deflateRawSync } from 'node:zlib';

export interface TestMember {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  /** 8 unless said otherwise. Bytes are deflated for 8 only. */
  readonly method?: number;
  /** Bytes that stand in place of the (deflated) content. */
  readonly data?: Buffer;
  readonly crc?: number;
  readonly size?: number;
  readonly compressedSize?: number;
  readonly flags?: number;
  /** Unix mode with the kind of file: 0o100644. */
  readonly mode?: number;
  /** Host of "version made by": 3 is Unix. */
  readonly host?: number;
  /** Where the directory says that the local header is, counted from the zip's start. */
  readonly at?: number;
  /** Sizes and offset in a zip64 field of the directory. */
  readonly zip64?: boolean;
  /** Sizes and CRC behind the bytes, zeros before them (flag bit 3). */
  readonly descriptor?: boolean;
  /** What the local header says in place of the directory. */
  readonly local?: Pick<TestMember, 'name' | 'method' | 'crc' | 'size' | 'compressedSize' | 'flags'>;
}

export interface ZipOptions {
  /** Bytes before the zip; offsets do not count them unless `shifted`. */
  readonly prefix?: Buffer;
  readonly shifted?: boolean;
  readonly comment?: string | Buffer;
  /** Between directory and end record. */
  readonly gap?: Buffer;
  readonly suffix?: Buffer;
  /** What the end record says. */
  readonly count?: number;
  readonly directorySize?: number;
  readonly directoryOffset?: number;
  /** With the end records of zip64; the old one says that nothing fits. */
  readonly zip64?: boolean;
  /** Where the zip64 locator says that its record is. */
  readonly locatorOffset?: bigint;
}

const FULL = 0xffffffff;
const bytesOf = (text: string | Buffer): Buffer => (typeof text === 'string' ? Buffer.from(text) : text);

/** Little-endian fields of 2 (`[2, value]`), 4 or 8 bytes. */
function fields(...list: readonly (readonly [width: 2 | 4 | 8, value: number | bigint])[]): Buffer {
  const parts = list.map(([width, value]) => {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt(value));
    return part.subarray(0, width);
  });
  return Buffer.concat(parts);
}

interface Written {
  readonly local: Buffer;
  readonly central: (offset: number) => Buffer;
}

function writeMember(member: TestMember): Written {
  const { method = 8, mode = 0o100644, host = 3, zip64 = false, descriptor = false } = member;
  const content = bytesOf(member.content ?? '');
  const data = member.data ?? (method === 8 ? deflateRawSync(content) : content);
  const name = bytesOf(member.name);
  const { crc = crc32(content), size = content.length, compressedSize = data.length } = member;
  const flags = (member.flags ?? 0) | (descriptor ? 8 : 0);
  const said = descriptor ? { crc: 0, size: 0, compressedSize: 0 } : { crc, size, compressedSize };
  const local = { method, flags, ...said, ...member.local, name: bytesOf(member.local?.name ?? name) };
  const head = fields([4, 0x04034b50], [2, 20], [2, local.flags], [2, local.method], [2, 0], [2, 0x21], [4, local.crc]);
  const sizes = fields([4, local.compressedSize], [4, local.size], [2, local.name.length], [2, 0]);
  const behind = descriptor ? fields([4, 0x08074b50], [4, crc], [4, compressedSize], [4, size]) : Buffer.alloc(0);
  const central = (offset: number): Buffer => {
    const at = member.at ?? offset;
    const long = fields([2, 1], [2, 24], [8, size], [8, compressedSize], [8, at]);
    const extra = zip64 ? long : Buffer.alloc(0);
    const short = zip64 ? [FULL, FULL, FULL] : [compressedSize, size, at];
    return Buffer.concat([
      fields([4, 0x02014b50], [2, (host << 8) | 20], [2, 20], [2, flags], [2, method], [2, 0], [2, 0x21], [4, crc]),
      fields([4, short[0]!], [4, short[1]!], [2, name.length], [2, extra.length], [2, 0], [2, 0], [2, 0]),
      fields([4, mode * 65_536], [4, short[2]!]),
      name,
      extra,
    ]);
  };
  return { local: Buffer.concat([head, sizes, local.name, data, behind]), central };
}

export function makeZip(members: readonly TestMember[], options: ZipOptions = {}): Buffer {
  const { prefix = Buffer.alloc(0), shifted = false, gap = Buffer.alloc(0), suffix = Buffer.alloc(0) } = options;
  const start = shifted ? prefix.length : 0;
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = start;
  for (const member of members) {
    const { local, central } = writeMember(member);
    centrals.push(central(offset));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = { count: members.length, size: directory.length, offset, ...said(options) };
  const body = [prefix, ...locals, directory, gap, endRecords(end, offset + directory.length + gap.length, options)];
  return Buffer.concat([...body, suffix]);
}

interface End {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
}

function said({ count, directorySize: size, directoryOffset: offset }: ZipOptions): Partial<End> {
  return {
    ...(count !== undefined && { count }),
    ...(size !== undefined && { size }),
    ...(offset !== undefined && { offset }),
  };
}

function endRecords({ count, size, offset }: End, position: number, options: ZipOptions): Buffer {
  const comment = bytesOf(options.comment ?? '');
  const { zip64 = false, locatorOffset = BigInt(position) } = options;
  const long = Buffer.concat([
    fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, size], [8, offset]),
    fields([4, 0x07064b50], [4, 0], [8, locatorOffset], [4, 1]),
  ]);
  const short = zip64 ? { count: 0xffff, size: FULL, offset: FULL } : { count, size, offset };
  const end = fields([4, 0x06054b50], [4, 0], [2, short.count], [2, short.count], [4, short.size], [4, short.offset]);
  return Buffer.concat([...(zip64 ? [long] : []), end, fields([2, comment.length]), comment]);
}
