// The inflater for any runtime: public streams only, at three to four times the cost; where the last block starts is left to the scanner.
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { systemCode, messageOf } from '../core/error.ts';
import type { ByteWindow } from './byte-window.ts';
import type { Inflater } from './inflater.ts';
import { TOO_LONG, TOO_SHORT } from './inflater.ts';

const CHUNK_BYTES = 1 << 18;

export const STREAM_INFLATER: Inflater = {
  inflate: async (window, size, tar, pace) => {
    let crc = 0;
    let made = 0;
    const source = Readable.from(chunksOf(window));
    const output = source.pipe(createInflateRaw({ chunkSize: Math.max(64, Math.min(size, CHUNK_BYTES)) }));
    source.once('error', (error) => output.destroy(error));
    try {
      for await (const chunk of output as AsyncIterable<Buffer>) {
        made += chunk.length;
        if (made > size) throw window.damaged(TOO_LONG);
        crc = crc32(chunk, crc);
        tar.push(chunk);
        await pace(chunk.length);
      }
    } catch (error) {
      throw systemCode(error)?.startsWith('Z_') ? window.damaged(`${messageOf(error)} in its DEFLATE data`) : error;
    } finally {
      source.destroy();
    }
    if (made < size) throw window.damaged(TOO_SHORT);
    return { crc32: crc };
  },
  close: () => {},
};

/** Copies, since the window moves on while the stream still works on what it got. */
function* chunksOf(window: ByteWindow): Generator<Uint8Array> {
  for (let at = 0; at < window.total;) {
    const chunk = Uint8Array.from(window.slice(at, window.total));
    at += chunk.length;
    yield chunk;
  }
}
