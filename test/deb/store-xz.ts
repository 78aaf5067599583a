// Bytes in an .xz file that are not compressed (xz-file-format 1.2.1): Node has no encoder, and what is tested is the container.
import { crc32 } from 'node:zlib';

const FLAGS = Buffer.from([0, 1]);
const LZMA2_CHUNK_BYTES = 1 << 16;

/** One stream of one block, checked by CRC-32. */
export function storeXz(bytes: Uint8Array): Buffer {
  const header = Buffer.concat([Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), FLAGS, crc(FLAGS)]);
  // Size of the header in words less one, no flags, filter LZMA2 with one byte of properties: a dictionary of 8 MiB.
  const blockStart = Buffer.from([2, 0, 0x21, 1, 0x16, 0, 0, 0]);
  const block = Buffer.concat([blockStart, crc(blockStart), lzma2Chunks(bytes)]);
  const records = Buffer.concat([vli(1), vli(block.length + 4), vli(bytes.length)]);
  const index = padded(Buffer.concat([Buffer.from([0]), records]));
  const backward = Buffer.alloc(4);
  backward.writeUInt32LE((index.length + 4) / 4 - 1);
  const tail = Buffer.concat([backward, FLAGS]);
  const footer = Buffer.concat([crc(tail), tail, Buffer.from('YZ')]);
  return Buffer.concat([header, padded(block), crc(bytes), index, crc(index), footer]);
}

function lzma2Chunks(bytes: Uint8Array): Buffer {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += LZMA2_CHUNK_BYTES) {
    const chunk = bytes.subarray(at, at + LZMA2_CHUNK_BYTES);
    const size = chunk.length - 1;
    chunks.push(Buffer.from([at === 0 ? 1 : 2, size >> 8, size & 0xff]), chunk);
  }
  return Buffer.concat([...chunks, Buffer.from([0])]);
}

function vli(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function crc(bytes: Uint8Array): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(bytes));
  return sum;
}
