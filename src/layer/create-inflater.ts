// Chooses the inflater: the fast one where it was seen to work, else the one that uses nothing private. The layer's bytes are the same.
import { deflateRawSync } from 'node:zlib';
import { BlockScanner } from './block-scanner.ts';
import { ByteWindow, memorySource } from './byte-window.ts';
import { Gather } from './gather.ts';
import { createHandleInflater } from './inflate-handle.ts';
import { STREAM_INFLATER } from './inflate-stream.ts';
import type { Inflated, Inflater } from './inflater.ts';

/** Releases of Node in which the private handle was tried; wrong arguments to it would end the process, so it is not tried elsewhere. */
const TRIED_RELEASES = /^2[2456]\./;

export async function createInflater(release: string = process.versions.node): Promise<Inflater> {
  const inflater = TRIED_RELEASES.test(release) ? createHandleInflater() : undefined;
  if (inflater && (await isTrustworthy(inflater))) return inflater;
  inflater?.close();
  return STREAM_INFLATER;
}

/** Longer than the buffers it is tried with, and of many blocks. */
const TEXT = Buffer.from(Array.from({ length: 4000 }, (_, i) => 32 + ((i * i * 7) % 61)));

async function isTrustworthy(inflater: Inflater): Promise<boolean> {
  const window = new ByteWindow();
  const tar = new Gather(1000, () => {});
  const inflate = (bytes: Uint8Array, size: number): Promise<Inflated> => {
    window.open(memorySource(bytes));
    return inflater.inflate(window, size, tar, async () => {});
  };
  try {
    for (let size = TEXT.length - 8; size < TEXT.length; size++) {
      const { starts = [] } = await inflate(deflateRawSync(TEXT.subarray(0, size), { memLevel: 1 }), size);
      const last = new BlockScanner(window).walk();
      if (!last || !starts.includes(Math.ceil(last.start / 8))) return false;
    }
  } catch {
    return false;
  }
  return inflate(TEXT, TEXT.length).then(
    () => false,
    () => true,
  );
}
