// Contents of a zip's members, inflated, and held against what the zip says of them.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { messageOf, systemCode } from '../core/error.ts';
import type { HostRange } from '../filesystem/entry.ts';
import { invalidZip } from './invalid-zip.ts';
import type { ZipMember } from './zip.ts';

/** METADATA of real wheels stays in the hundreds of kilobytes, RECORD of the largest in the low megabytes. */
const DOCUMENT_LIMIT_BYTES = 32 << 20;

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

/** Where the content lies, for those who read it without us. */
export function contentOf(file: string, { method, offset, compressedSize, size, crc32 }: ZipMember): HostRange {
  const encoding = method === 8 ? 'deflate' : 'identity';
  return { kind: 'range', file, offset, length: compressedSize, encoding, size, crc32 };
}

/** A whole document. Throws `WHEEL_INVALID` when it is larger than documents are, or not what the zip says of it. */
export async function readMember(file: string, member: ZipMember, what: string): Promise<Uint8Array> {
  const { name, size, compressedSize, crc32: expected } = member;
  if (Math.max(size, compressedSize) > DOCUMENT_LIMIT_BYTES)
    throw invalidZip(what, `has a document of ${size} bytes: ${name}`);
  const content = await readWhole(file, member).catch((cause: unknown) => {
    if (systemCode(cause) === 'ERR_BUFFER_TOO_LARGE') throw invalidZip(what, `has more bytes in ${name} than it says`);
    throw invalidZip(what, `cannot be read at ${name}: ${messageOf(cause)}`, cause);
  });
  if (content.length !== size)
    throw invalidZip(what, `has ${content.length > size ? 'more' : 'fewer'} bytes in ${name} than it says`);
  if (crc32(content) !== expected) throw invalidZip(what, `has a wrong CRC-32 for ${name}`);
  return content;
}

async function readWhole(file: string, { method, offset, compressedSize, size }: ZipMember): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(compressedSize), 0, compressedSize, offset);
    const bytes = buffer.subarray(0, bytesRead);
    // One call costs a third of a stream.
    return method === 0
      ? bytes
      : inflateRawSync(bytes, { chunkSize: Math.max(64, size), maxOutputLength: Math.max(64, size) });
  } finally {
    await handle.close();
  }
}
