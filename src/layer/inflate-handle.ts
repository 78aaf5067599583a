// The fast inflater: zlib's inflate() called directly, stopping at every block, which Node offers only on a private handle.
import { constants, crc32, createInflateRaw } from 'node:zlib';
import type { InflateRaw } from 'node:zlib';
import type { ByteWindow } from './byte-window.ts';
import type { Gather } from './gather.ts';
import type { Inflated, Inflater } from './inflater.ts';
import { TOO_LONG, TOO_SHORT, TRAILING, TRUNCATED } from './inflater.ts';
import type { Pace } from './pace.ts';

/** What a zlib stream of Node keeps to itself. `writeSync` calls `onerror`, and ends the process when its arguments are wrong. */
interface ZlibHandle {
  writeSync: (
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ) => void;
  reset: () => void;
}

/** An inflater, or undefined where Node's zlib streams are made otherwise. */
export function createHandleInflater(): Inflater | undefined {
  const stream = createInflateRaw();
  const handle: unknown = Reflect.get(stream, '_handle');
  const left: unknown = Reflect.get(stream, '_writeState');
  if (isHandle(handle) && left instanceof Uint32Array) return new HandleInflater(stream, handle, left);
  stream.close();
  return undefined;
}

function isHandle(value: unknown): value is ZlibHandle {
  if (typeof value !== 'object' || value === null) return false;
  return typeof Reflect.get(value, 'writeSync') === 'function' && typeof Reflect.get(value, 'reset') === 'function';
}

class HandleInflater implements Inflater {
  readonly #stream: InflateRaw;
  readonly #handle: ZlibHandle;
  /** After a call: bytes of output room and of input that are left. */
  readonly #left: Uint32Array;
  #failure = '';

  constructor(stream: InflateRaw, handle: ZlibHandle, left: Uint32Array) {
    this.#stream = stream;
    this.#handle = handle;
    this.#left = left;
    const onerror = (message: string): void => {
      this.#failure = message;
    };
    Object.assign(handle, { onerror });
  }

  async inflate(window: ByteWindow, size: number, tar: Gather, pace: Pace): Promise<Inflated> {
    this.#handle.reset();
    // Stops are needed only to get past blocks that are not the last.
    const flush = (window.bytes[0]! & 1) === 1 ? constants.Z_SYNC_FLUSH : constants.Z_BLOCK;
    let starts = [0];
    let crc = 0;
    let taken = 0;
    let made = 0;
    while (taken < window.total || made < size) {
      const at = window.seek(taken, 1);
      const before = taken;
      const output = this.#run(flush, window, at, window.length - at, tar);
      taken = window.base + window.length - this.#left[1]!;
      if (output.length === 0 && taken === before) throw window.damaged(taken < window.total ? TRAILING : TOO_SHORT);
      made += output.length;
      if (made > size) throw window.damaged(TOO_LONG);
      crc = crc32(output, crc);
      // It stops at the end of a block, and where it lacks room or input, which may be an end of a block too.
      if (this.#left[0]! > 0 && this.#left[1]! > 0) starts = [taken];
      else if (taken < window.total) starts.push(taken);
      await pace(output.length);
    }
    this.#expectEnd(window, tar);
    return { crc32: crc, starts };
  }

  close(): void {
    this.#stream.close();
  }

  /** One call, from the window into the tar; returns what it made. */
  #run(flush: number, window: ByteWindow, at: number, length: number, tar: Gather): Buffer {
    if (tar.at === tar.buffer.length) tar.flush();
    const room = tar.buffer.length - tar.at;
    this.#failure = '';
    this.#handle.writeSync(flush, window.bytes, at, length, tar.buffer, tar.at, room);
    if (this.#failure) throw window.damaged(`${this.#failure} in its DEFLATE data`);
    const output = tar.buffer.subarray(tar.at, tar.at + room - this.#left[0]!);
    tar.at += output.length;
    return output;
  }

  /** All bytes are taken and all content is there. A stream that goes on takes one byte more; one that has ended takes none. */
  #expectEnd(window: ByteWindow, tar: Gather): void {
    const output = this.#run(constants.Z_SYNC_FLUSH, window, window.length, 1, tar);
    if (output.length > 0) throw window.damaged(TOO_LONG);
    if (this.#left[1] === 0) throw window.damaged(TRUNCATED);
  }
}
