// Nothing is written that a reader would refuse or read back differently: every entry passes here first.
import { ImageSpecError } from '../core/error.ts';
import type { Entry } from '../filesystem/entry.ts';

/** Bytes of a path that Linux accepts (PATH_MAX without its NUL). */
const PATH_LIMIT_BYTES = 4095;
/** Bytes of one name between slashes (NAME_MAX). */
const NAME_LIMIT_BYTES = 255;
/** The last 32-bit owner; the one above, -1, means "no change" to chown(2). */
const OWNER_LIMIT = 0xffff_fffe;
/** Bytes of one extended attribute (XATTR_SIZE_MAX) and of its name (XATTR_NAME_MAX). */
const XATTR_LIMIT_BYTES = 65_536;
const XATTR_NAME_LIMIT_BYTES = 255;

/** An empty, `.`, `..` or whiteout-like name: absolute, trailing and double slashes show up as empty ones. */
const UNUSABLE_NAME = /(^|\/)(\.{0,2}|\.wh\.[^/]*)(\/|$)/;
const UNUSABLE_TEXT = /^$|\0/;

/** Throws `ENTRY_INVALID`, naming the path and what is wrong with it. */
export function checkEntry(entry: Entry): void {
  checkPath(entry.path, entry.path);
  if (entry.type === 'whiteout') return;
  checkNumber(entry.path, 'mode', entry.mode, 0, 0o7777);
  checkNumber(entry.path, 'uid', entry.uid, 0, OWNER_LIMIT);
  checkNumber(entry.path, 'gid', entry.gid, 0, OWNER_LIMIT);
  checkNumber(entry.path, 'mtime', entry.mtime, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  for (const [name, value] of Object.entries(entry.xattrs ?? {})) checkXattr(entry.path, name, value);
  if (entry.type === 'hardlink') checkPath(entry.path, entry.target);
  if (entry.type === 'symlink') checkText(entry.path, `link target`, entry.target, PATH_LIMIT_BYTES);
  if (entry.type === 'file' && entry.content.kind === 'range') {
    const { offset, length, size, encoding, crc32 = 0 } = entry.content;
    checkNumber(entry.path, 'offset', offset, 0);
    checkNumber(
      entry.path,
      'length',
      length,
      encoding === 'identity' ? size : 0,
      encoding === 'identity' ? size : undefined,
    );
    checkNumber(entry.path, 'size', size, 0);
    checkNumber(entry.path, 'CRC-32', crc32, 0, 0xffff_ffff);
  }
}

function checkPath(path: string, checked: string): void {
  const what = path === checked ? 'path' : `link target ${JSON.stringify(checked)}`;
  checkText(path, what, checked, PATH_LIMIT_BYTES);
  if (UNUSABLE_NAME.test(checked))
    throw invalid(
      path,
      `its ${what} must be relative, without "", "." and ".." in it, and without names that start with ".wh."`,
    );
  if (checked.split('/').some((name) => Buffer.byteLength(name) > NAME_LIMIT_BYTES))
    throw invalid(path, `a name in its ${what} has more than ${NAME_LIMIT_BYTES} bytes`);
}

function checkText(path: string, what: string, text: string, limit: number): void {
  if (UNUSABLE_TEXT.test(text) || !text.isWellFormed())
    throw invalid(path, `its ${what} is empty, holds a NUL or is not Unicode`);
  if (Buffer.byteLength(text) > limit) throw invalid(path, `its ${what} has more than ${limit} bytes`);
}

function checkNumber(path: string, what: string, value: number, from: number, to = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isSafeInteger(value) || value < from || value > to)
    throw invalid(path, `its ${what} is ${value}, and has to be a whole number from ${from} to ${to}`);
}

function checkXattr(path: string, name: string, value: string): void {
  checkText(path, `extended attribute name ${JSON.stringify(name)}`, name, XATTR_NAME_LIMIT_BYTES);
  if (name.includes('=')) throw invalid(path, `the name of its extended attribute "${name}" holds "="`);
  const bytes = Buffer.from(value, 'base64');
  if (bytes.toString('base64') !== value) throw invalid(path, `its extended attribute "${name}" is not base64`);
  if (bytes.length > XATTR_LIMIT_BYTES)
    throw invalid(path, `its extended attribute "${name}" has more than ${XATTR_LIMIT_BYTES} bytes`);
}

export function invalid(path: string, why: string): ImageSpecError {
  return new ImageSpecError('ENTRY_INVALID', `${JSON.stringify(path)} cannot be put into a layer: ${why}`, {
    hint: 'Rename or leave out this path, or report the package that brings it.',
    facts: { path },
  });
}
