// Contents of a zip's members, inflated, and held against what the zip says of them.
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { isImageSpecError, messageOf, systemCode } from '../core/error.ts';
import { invalidZip } from './invalid-zip.ts';
import type { ZipMember } from './zip.ts';

/** METADATA of real wheels stays in the hundreds of kilobytes, RECORD of the largest in the low megabytes. */
const DOCUMENT_LIMIT_BYTES = 32 << 20;
/** Members of up to this size are inflated in one call, which costs a third of a stream; larger ones flow. */
const WHOLE_LIMIT_BYTES = 4 << 20;

/** The content of one member; CRC and size are the layer's to check. The file is opened by whoever reads. */
export async function* memberBytes(
  file: string,
  { method, offset, compressedSize }: ZipMember,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (compressedSize === 0) return;
  const end = offset + compressedSize - 1;
  const raw: Readable = createReadStream(file, { start: offset, end, highWaterMark: 1 << 20 });
  if (method === 0) {
    yield* raw as AsyncIterable<Uint8Array>;
    return;
  }
  const inflate = createInflateRaw({ chunkSize: 1 << 20 });
  // Failures of either end destroy the last stream, whose iteration then throws them.
  pipeline(raw, inflate, () => undefined);
  yield* inflate as AsyncIterable<Uint8Array>;
}

/** A whole document. Throws `WHEEL_INVALID` when it is larger than documents are, or not what the zip says of it. */
export async function readMember(file: string, member: ZipMember, what: string): Promise<Uint8Array> {
  if (member.size > DOCUMENT_LIMIT_BYTES)
    throw invalidZip(what, `has a document of ${member.size} bytes: ${member.name}`);
  const chunks: Uint8Array[] = [];
  const check = createCheck(member, what);
  await readable(member, what, async () => {
    for await (const chunk of memberBytes(file, member)) {
      check.next(chunk);
      chunks.push(chunk);
    }
  });
  check.end();
  return Buffer.concat(chunks);
}

/**
 * Passes the content on, in one piece or in several. Throws `WHEEL_INVALID` as soon as there is one byte more than the zip says, and at the
 * end when there are fewer or their CRC-32 is another.
 */
export async function scanMember(
  handle: FileHandle,
  file: string,
  member: ZipMember,
  what: string,
  use: (chunk: Uint8Array) => void,
): Promise<void> {
  const check = createCheck(member, what);
  const take = (chunk: Uint8Array): void => {
    check.next(chunk);
    use(chunk);
  };
  await readable(member, what, async () => {
    if (member.size <= WHOLE_LIMIT_BYTES && member.compressedSize <= WHOLE_LIMIT_BYTES) {
      take(await readWhole(handle, member, what));
      return;
    }
    for await (const chunk of memberBytes(file, member)) take(chunk);
  });
  check.end();
}

async function readWhole(handle: FileHandle, member: ZipMember, what: string): Promise<Uint8Array> {
  const { name, method, offset, compressedSize, size } = member;
  const { buffer } = await handle.read(Buffer.allocUnsafe(compressedSize), 0, compressedSize, offset);
  if (method === 0) return buffer;
  try {
    return inflateRawSync(buffer, { chunkSize: Math.max(64, size), maxOutputLength: Math.max(64, size) });
  } catch (cause) {
    throw systemCode(cause) === 'ERR_BUFFER_TOO_LARGE' ? tooLong(name, what) : cause;
  }
}

function createCheck({ name, size, crc32: expected }: ZipMember, what: string) {
  let found = 0;
  let crc = 0;
  return {
    next: (chunk: Uint8Array): void => {
      found += chunk.length;
      if (found > size) throw tooLong(name, what);
      crc = crc32(chunk, crc);
    },
    end: (): void => {
      if (found < size) throw invalidZip(what, `has fewer bytes in ${name} than it says`);
      if (crc !== expected) throw invalidZip(what, `has a wrong CRC-32 for ${name}`);
    },
  };
}

function tooLong(name: string, what: string): Error {
  return invalidZip(what, `has more bytes in ${name} than it says`);
}

/** What zlib says of a broken stream, or the system of the file, becomes our error. */
async function readable(member: ZipMember, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (isImageSpecError(cause) || systemCode(cause) === undefined) throw cause;
    throw invalidZip(what, `cannot be read at ${member.name}: ${messageOf(cause)}`, cause);
  }
}
