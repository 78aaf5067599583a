// Chooses the inflater: the fast one where it was seen to work, else the one that uses nothing private. The layer's bytes are the same.
import { deflateRawSync } from 'node:zlib';
import { BlockScanner } from './block-scanner.ts';
import { ByteWindow, memorySource } from './byte-window.ts';
import { Gather } from './gather.ts';
import { createHandleInflater } from './inflate-handle.ts';
import { STREAM_INFLATER } from './inflate-stream.ts';
import type { Inflater } from './inflater.ts';

/** Releases of Node in which the private handle was tried; wrong arguments to it would end the process, so it is not tried elsewhere. */
const TRIED_RELEASES = /^2[2456]\./;

export async function createInflater(release: string = process.versions.node): Promise<Inflater> {
  const inflater = TRIED_RELEASES.test(release) ? createHandleInflater() : undefined;
  if (inflater && (await isTrustworthy(inflater))) return inflater;
  inflater?.close();
  return STREAM_INFLATER;
}

/** Whether it hands out the right hints and notices damage, tried on streams of several blocks at all bit positions. */
async function isTrustworthy(inflater: Inflater): Promise<boolean> {
  const window = new ByteWindow();
  const scanner = new BlockScanner(window);
  const tar = new Gather(1000, () => {});
  const text = Buffer.from(Array.from({ length: 4000 }, (_, i) => 32 + ((i * i * 7) % 61)));
  for (let size = text.length - 8; size < text.length; size++) {
    window.open(memorySource(deflateRawSync(text.subarray(0, size), { memLevel: 1 })));
    const { starts = [] } = await inflater.inflate(window, size, tar, async () => {});
    const start = scanner.walk()?.start;
    if (start === undefined || !starts.some((byte) => byte === Math.ceil(start / 8))) return false;
  }
  window.open(memorySource(text));
  return inflater
    .inflate(window, text.length, tar, async () => {})
    .then(
      () => false,
      () => true,
    );
}
