// One tar header as packages have them: v7, ustar, and the part of GNU's format that deb(5) allows. Type flags that it does not know are errors.
import type { Refuse } from '../filesystem/layer-error.ts';
import { checksumOf, isZero, parseNumber, parseText } from '../filesystem/tar-fields.ts';

export type TarType = 'file' | 'directory' | 'symlink' | 'hardlink';

export interface TarHeader {
  /** `longName` and `longTarget`: the content belongs to the next header. */
  readonly type: TarType | 'longName' | 'longTarget';
  readonly name: string;
  readonly target: string;
  /** 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** '' in v7. */
  readonly user: string;
  readonly group: string;
  /** Seconds. */
  readonly mtime: number;
  readonly size: number;
}

const TYPES: Readonly<Record<string, TarHeader['type']>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
  L: 'longName',
  K: 'longTarget',
};

/** For messages: what else there is. */
const REFUSED: Readonly<Record<string, string>> = {
  '3': 'a character device',
  '4': 'a block device',
  '6': 'a fifo',
  '7': 'a contiguous file',
  S: 'a sparse file',
  x: 'a PAX header, which deb(5) does not know',
  g: 'a PAX header, which deb(5) does not know',
};

/** Undefined for a block of zeros, which ends the archive. */
export function parseTarHeader(block: Buffer, refuse: Refuse): TarHeader | undefined {
  if (block[0] === 0 && isZero(block)) return undefined;
  if (parseNumber(block.subarray(148, 156), refuse) !== checksumOf(block))
    throw refuse('holds a tar header with a wrong checksum');
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0';
  const isOld = block.toString('latin1', 257, 262) !== 'ustar';
  const prefix = isPosix ? parseText(block.subarray(345, 500), refuse) : '';
  const rest = parseText(block.subarray(0, 100), refuse);
  const name = prefix === '' ? rest : `${prefix}/${rest}`;
  const number = (from: number, to: number): number => parseNumber(block.subarray(from, to), refuse);
  return {
    type: typeOf(String.fromCharCode(block[156]!), name, refuse),
    name,
    target: parseText(block.subarray(157, 257), refuse),
    mode: number(100, 108) & 0o7777,
    uid: number(108, 116),
    gid: number(116, 124),
    user: isOld ? '' : parseText(block.subarray(265, 297), refuse),
    group: isOld ? '' : parseText(block.subarray(297, 329), refuse),
    mtime: number(136, 148),
    size: number(124, 136),
  };
}

/** In v7 a directory is a file whose name ends in a slash; dpkg says so for all formats. */
function typeOf(flag: string, name: string, refuse: Refuse): TarHeader['type'] {
  const type = TYPES[flag];
  if (!type) {
    const what = REFUSED[flag] ?? `an entry of type ${JSON.stringify(flag)}`;
    throw refuse(`holds ${what}: ${JSON.stringify(name.slice(0, 200))}`);
  }
  return type === 'file' && name.endsWith('/') ? 'directory' : type;
}
