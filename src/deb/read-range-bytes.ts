// Maintainer scripts read files of packages, which lie compressed in the cache: here are their bytes.
import { crc32, inflateRawSync } from 'node:zlib';
import { ImageSpecError, messageOf } from '../core/error.ts';
import type { HostRange } from '../filesystem/entry.ts';
import { HostFiles } from '../layer/host-files.ts';

/** Scripts read files of a few megabytes at most; of shared libraries, of which the largest (LLVM) has 117 MB, the names are read. */
const READ_LIMIT_BYTES = 256 << 20;

/**
 * The whole content of a range, checked as far as its CRC-32 is known.
 * Throws `TOO_LARGE` beyond 256 MiB, `FILE_CHANGED` when the file is gone, shorter, or holds something else.
 */
export function readRangeBytes(content: HostRange): Uint8Array {
  const { file, offset, length, size } = content;
  if (size > READ_LIMIT_BYTES || length > READ_LIMIT_BYTES)
    throw new ImageSpecError('TOO_LARGE', `A script reads a file of ${size} bytes, more than ${READ_LIMIT_BYTES}`, {
      hint: 'Report the package whose script does so.',
      facts: { file },
    });
  const files = new HostFiles();
  const raw = Buffer.allocUnsafe(length);
  try {
    files.check(content);
    files.read(file, offset, raw, 0, length);
  } finally {
    files.close();
  }
  return content.encoding === 'identity' ? checked(raw, content) : checked(inflate(raw, content), content);
}

function inflate(raw: Buffer, content: HostRange): Buffer {
  try {
    // Sized as the content is, so that it is one buffer; bounds below 1 are not accepted.
    const room = Math.max(64, content.size);
    return inflateRawSync(raw, { chunkSize: room, maxOutputLength: room });
  } catch (cause) {
    throw changed(content, messageOf(cause), cause);
  }
}

function checked(bytes: Buffer, content: HostRange): Buffer {
  if (bytes.length !== content.size) throw changed(content, `${bytes.length} bytes instead of ${content.size}`);
  if (content.crc32 !== undefined && crc32(bytes) !== content.crc32)
    throw changed(content, 'its CRC-32 is another one');
  return bytes;
}

function changed({ file }: HostRange, why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('FILE_CHANGED', `${file} holds something else than it did: ${why}`, {
    hint: 'Clear the cache and build again.',
    cause,
    facts: { file },
  });
}
