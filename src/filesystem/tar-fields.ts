// Fields of a tar header, for all who read one: v7, ustar and GNU (POSIX.1-2017, pax; GNU tar manual, Basic Tar Format).
import type { Refuse } from './layer-error.ts';

/** Everything in a tar stands on multiples of this many bytes. */
export const TAR_BLOCK = 512;

export function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Up to the first NUL. */
export function parseText(field: Buffer, refuse: Refuse): string {
  const end = field.indexOf(0);
  const bytes = end === -1 ? field : field.subarray(0, end);
  const text = bytes.toString();
  if (text.includes('\ufffd') && !Buffer.from(text).equals(bytes))
    throw refuse(`holds a name that is not UTF-8: ${JSON.stringify(text)}`);
  return text;
}

/** Octal digits, or GNU's base 256, whose first bit is set. Nothing counts as 0. */
export function parseNumber(field: Buffer, refuse: Refuse): number {
  const first = field[0]!;
  const value = first & 0x80 ? parseBase256(field) : parseOctal(field);
  if (!Number.isSafeInteger(value)) throw refuse('holds a tar header with a damaged number');
  return value;
}

function parseOctal(field: Buffer): number {
  const [, digits] = /^ *([0-7]*)[ \0]*$/.exec(field.toString('latin1')) ?? [];
  return digits === undefined ? Number.NaN : Number.parseInt(digits || '0', 8);
}

/** Two's complement of all bits but the first. */
function parseBase256(field: Buffer): number {
  const isNegative = (field[0]! & 0x40) !== 0;
  let value = isNegative ? -1n : 0n;
  for (const [index, byte] of field.entries())
    value = index === 0 ? (value << 6n) | BigInt(byte & 0x3f) : (value << 8n) | BigInt(byte);
  return Number(value);
}

/** As its header says it: of all bytes, with spaces in place of the sum itself. */
export function checksumOf(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < TAR_BLOCK; at++) if (at < 148 || at >= 156) sum += block[at]!;
  return sum;
}
