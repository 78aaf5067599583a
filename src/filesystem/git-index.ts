// The index of a git repository, for hosts without git: which files are tracked, since no rule leaves these out (gitformat-index(5)).
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { readAll } from '../core/digest.ts';
import { ImageSpecError, isImageSpecError, systemCode } from '../core/error.ts';

/** A million files have about 100 MB. */
const INDEX_LIMIT_BYTES = 512 << 20;
/** Times, device, inode, mode, owner and size, in front of the object's name. */
const STAT_BYTES = 40;
const EXTENDED = 0x4000;

/**
 * Tracked paths, relative to the top of the work tree; none for a repository without an index.
 * Throws `COPY_INVALID` for an index of another form.
 * @param folder absolute; of the index
 * @param nameBytes of an object's name: 20 for SHA-1, 32 for SHA-256
 */
export async function readGitIndex(folder: string, nameBytes: 20 | 32): Promise<ReadonlySet<string>> {
  const file = join(folder, 'index');
  try {
    const bytes = Buffer.from(await readAll(createReadStream(file), INDEX_LIMIT_BYTES, file));
    return parse(bytes, nameBytes);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return new Set();
    if (isImageSpecError(cause)) throw cause;
    throw new ImageSpecError('COPY_INVALID', `The index of the repository, ${file}, cannot be understood`, {
      hint: 'Install git on this host: it is asked where it is there.',
      cause,
      facts: { file },
    });
  }
}

function parse(bytes: Buffer, nameBytes: number): ReadonlySet<string> {
  if (bytes.toString('latin1', 0, 4) !== 'DIRC') throw new Error('has no signature');
  const version = bytes.readUInt32BE(4);
  if (version < 2 || version > 4) throw new Error(`has version ${version}`);
  const paths = new Set<string>();
  let at = 12;
  let path = Buffer.alloc(0);
  for (let left = bytes.readUInt32BE(8); left > 0; left--) {
    const start = at;
    at += STAT_BYTES + nameBytes;
    at += bytes.readUInt16BE(at) & EXTENDED ? 4 : 2;
    let kept = 0;
    if (version === 4) {
      const dropped = readOffset(bytes, at);
      at = dropped.next;
      kept = path.length - dropped.value;
    }
    const end = bytes.indexOf(0, at);
    if (end < 0 || kept < 0) throw new Error('ends too early');
    path = Buffer.concat([path.subarray(0, kept), bytes.subarray(at, end)]);
    paths.add(path.toString());
    // Entries of older versions are padded to multiples of 8 bytes, with at least the NUL at the end of their path.
    at = version === 4 ? end + 1 : start + ((end - start + 8) & ~7);
  }
  return paths;
}

/** Seven bits per byte, highest first, each continued one plus one (git's varint.c). */
function readOffset(bytes: Buffer, from: number): { readonly value: number; readonly next: number } {
  let next = from;
  let byte = bytes.readUInt8(next++);
  let value = byte & 0x7f;
  while (byte & 0x80) {
    byte = bytes.readUInt8(next++);
    value = (value + 1) * 128 + (byte & 0x7f);
  }
  return { value, next };
}
