// Nearly every index is one gzip member whose content is known: it is inflated where it lies, into a buffer that is used again and again.
import { createHash } from 'node:crypto';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { readAll } from '../core/digest.ts';
import { openScanner } from '../layer/scan-content.ts';
import { readRange } from '../store/disk.ts';

/** RFC 1952, 2.3.1: without extra field, comment and header check, which nobody writes, the header is this long and a name that ends with 0. */
const HEADER_BYTES = 10;
const NAME_FLAG = 8;
const NAME_LIMIT_BYTES = 256;
const TRAILER_BYTES = 8;

interface Content {
  readonly digest: Digest;
  readonly size: number;
}

/**
 * Passes the content on in chunks that are valid during the call, checked by CRC-32, size and digest. False, possibly after some chunks, for
 * whatever is not so simple or not right: the usual way then gives the answer.
 */
export async function scanGzip(
  ctx: Context,
  file: string,
  fileSize: number,
  content: Content,
  use: (chunk: Uint8Array) => void,
): Promise<boolean> {
  const start = await findDeflate(file, fileSize);
  if (start === undefined) return false;
  const length = fileSize - TRAILER_BYTES - start;
  const trailer = Buffer.from(await readAll(readRange(file, start + length, TRAILER_BYTES), TRAILER_BYTES, file));
  const range = {
    kind: 'range',
    file,
    offset: start,
    length,
    size: content.size,
    crc32: trailer.readUInt32LE(0),
  } as const;
  const hash = createHash('sha256');
  const scanner = await openScanner(ctx);
  try {
    await scanner.scan(
      { ...range, encoding: 'deflate' },
      (why) => new NotSimple(why),
      (chunk) => {
        hash.update(chunk);
        use(chunk);
      },
    );
  } catch (error) {
    if (error instanceof NotSimple) return false;
    throw error;
  } finally {
    scanner.close();
  }
  return `sha256:${hash.digest('hex')}` === content.digest;
}

class NotSimple extends Error {}

/** Where the member's DEFLATE stream begins. */
async function findDeflate(file: string, fileSize: number): Promise<number | undefined> {
  if (fileSize < HEADER_BYTES + TRAILER_BYTES) return undefined;
  const size = Math.min(fileSize - TRAILER_BYTES, HEADER_BYTES + NAME_LIMIT_BYTES);
  const head = Buffer.from(await readAll(readRange(file, 0, size), size, file));
  const [first, second, method, flags] = head;
  if (first !== 0x1f || second !== 0x8b || method !== 8) return undefined;
  if (flags === 0) return HEADER_BYTES;
  const end = flags === NAME_FLAG ? head.indexOf(0, HEADER_BYTES) : -1;
  return end < 0 ? undefined : end + 1;
}
