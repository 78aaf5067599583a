// One tar header, byte for byte: ustar, with a PAX header before it only where ustar cannot say it (POSIX.1-2017, pax).
import { TAR_BLOCK } from '../filesystem/tar-fields.ts';
import { invalid } from './check-entry.ts';

export interface TarHeader {
  /** Name in the archive; those of directories end in a slash. */
  readonly name: string;
  readonly type: 'file' | 'hardlink' | 'symlink' | 'directory';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly size: number;
  /** Target of a link, else ''. */
  readonly linkName: string;
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
}

const TYPE_FLAGS = { file: '0', hardlink: '1', symlink: '2', directory: '5', pax: 'x' } as const;
const MAX_7_DIGITS = 0o7777777;
const MAX_11_DIGITS = 0o77777777777;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
/** Go's archive/tar, which most engines read layers with, refuses larger PAX headers. */
const PAX_LIMIT_BYTES = 1 << 20;

/** The header of one entry, a multiple of 512 bytes. The values have passed `checkEntry`. */
export function tarHeader(header: TarHeader): Buffer {
  const records = paxRecords(header);
  if (records.length === 0) return block(header, TYPE_FLAGS[header.type]);
  const body = Buffer.concat(records);
  if (body.length > PAX_LIMIT_BYTES) throw invalid(header.name, 'its extended attributes have more than 1 MiB');
  const pax = { name: 'PaxHeaders.0', mode: 0o644, uid: 0, gid: 0, mtime: 0, size: body.length, linkName: '' };
  const padding = Buffer.alloc(paddingOf(body.length));
  return Buffer.concat([block(pax, TYPE_FLAGS.pax), body, padding, block(header, TYPE_FLAGS[header.type])]);
}

/** Bytes from the end of a content to the next multiple of 512. */
export function paddingOf(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}

function paxRecords(header: TarHeader): Buffer[] {
  const { name, linkName, uid, gid, mtime, size, xattrs = {} } = header;
  const records: Buffer[] = [];
  if (gid > MAX_7_DIGITS) records.push(paxRecord('gid', String(gid)));
  if (!isAscii(linkName) || linkName.length > NAME_BYTES) records.push(paxRecord('linkpath', linkName));
  if (mtime < 0 || mtime > MAX_11_DIGITS) records.push(paxRecord('mtime', String(mtime)));
  if (!splitName(name)) records.push(paxRecord('path', name));
  if (size > MAX_11_DIGITS) records.push(paxRecord('size', String(size)));
  if (uid > MAX_7_DIGITS) records.push(paxRecord('uid', String(uid)));
  for (const key of Object.keys(xattrs).sort())
    records.push(paxRecord(`SCHILY.xattr.${key}`, Buffer.from(xattrs[key]!, 'base64')));
  return records;
}

/** `<length> <key>=<value>\n`, where the length counts its own digits too. */
function paxRecord(key: string, value: string | Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let digits = 1;
  while (String(body.length + digits).length > digits) digits++;
  return Buffer.concat([Buffer.from(String(body.length + digits)), body]);
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** The name as ustar holds it, cut at a slash into prefix and rest; undefined when it does not fit or is not ASCII. */
function splitName(name: string): { prefix: string; rest: string } | undefined {
  if (!isAscii(name)) return undefined;
  if (name.length <= NAME_BYTES) return { prefix: '', rest: name };
  const slash = name.indexOf('/', name.length - NAME_BYTES - 1);
  if (slash === -1 || slash > PREFIX_BYTES || slash === name.length - 1) return undefined;
  return { prefix: name.slice(0, slash), rest: name.slice(slash + 1) };
}

/** What a field cannot hold stands in the PAX header before; here it is cut, or 0, as in other writers. */
function block(header: Omit<TarHeader, 'type'>, typeFlag: string): Buffer {
  const bytes = Buffer.alloc(TAR_BLOCK);
  const text = (value: string, at: number): void => void bytes.write(value, at, 'latin1');
  const name = splitName(header.name) ?? { prefix: '', rest: header.name.replaceAll(/[^\0-\x7f]/g, '_') };
  const octal = (value: number, at: number, digits: number): void => {
    const fits = value >= 0 && value <= (digits === 7 ? MAX_7_DIGITS : MAX_11_DIGITS);
    text((fits ? value : 0).toString(8).padStart(digits, '0'), at);
  };
  text(name.rest.slice(0, NAME_BYTES), 0);
  octal(header.mode, 100, 7);
  octal(header.uid, 108, 7);
  octal(header.gid, 116, 7);
  octal(header.size, 124, 11);
  octal(header.mtime, 136, 11);
  text('        ', 148);
  text(typeFlag, 156);
  if (isAscii(header.linkName)) text(header.linkName.slice(0, NAME_BYTES), 157);
  text('ustar\x0000', 257);
  octal(0, 329, 7);
  octal(0, 337, 7);
  text(name.prefix, 345);
  let sum = 0;
  for (let i = 0; i < TAR_BLOCK; i++) sum += bytes[i]!;
  text(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}
