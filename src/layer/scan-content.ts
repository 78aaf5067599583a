// Contents are read and checked as packing does it, but for whoever wants their bytes: inflated once, in buffers that are used again.
import { crc32 } from 'node:zlib';
import type { Context } from '../core/context.ts';
import type { HostRange } from '../filesystem/entry.ts';
import { ByteWindow } from './byte-window.ts';
import { createInflater } from './create-inflater.ts';
import { Gather } from './gather.ts';
import { HostFiles } from './host-files.ts';
import { WRONG_CRC } from './inflater.ts';
import { createPace } from './pace.ts';

const BUFFER_BYTES = 1 << 18;

export interface ContentScanner {
  /**
   * Passes on the content of a range in buffers that are valid during the call; one content after the other. Throws what `damaged` makes of
   * the reason when size or CRC-32 are not the announced ones, `FILE_CHANGED`, `ABORTED`.
   */
  readonly scan: (range: HostRange, damaged: (why: string) => Error, use: (bytes: Uint8Array) => void) => Promise<void>;
  readonly close: () => void;
}

export async function openScanner(ctx: Context): Promise<ContentScanner> {
  const files = new HostFiles();
  const inflater = await createInflater();
  const window = new ByteWindow();
  const pace = createPace(ctx, 0);
  let use = (_bytes: Uint8Array): void => {};
  const gather = new Gather(BUFFER_BYTES, (bytes) => use(bytes));
  const copyStored = async (): Promise<number> => {
    let crc = 0;
    for (let at = 0; at < window.total;) {
      const bytes = window.slice(at, window.total);
      crc = crc32(bytes, crc);
      use(bytes);
      at += bytes.length;
      await pace(bytes.length);
    }
    return crc;
  };
  return {
    scan: async ({ file, offset, length, size, encoding, crc32: expected }, damaged, next) => {
      use = next;
      // What a refused content has left there belongs to nobody.
      gather.at = 0;
      window.open({
        length,
        damaged,
        read: (into, intoAt, at, count) => files.read(file, offset + at, into, intoAt, count),
      });
      const isDeflated = encoding === 'deflate';
      const found = isDeflated ? (await inflater.inflate(window, size, gather, pace)).crc32 : await copyStored();
      gather.flush();
      if (expected !== undefined && found !== expected) throw damaged(WRONG_CRC);
    },
    close: () => {
      files.close();
      inflater.close();
    },
  };
}
