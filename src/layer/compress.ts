// What we compress ourselves must have the same bytes on every host, so it never meets the host's zlib (docs/decisions/0002).
import { deflateSync } from 'fflate';

/** The package's exact version belongs to the layer format, as these settings do. `mem` is given because its default depends on a logarithm. */
const SETTINGS = { level: 6, mem: 3 } as const;

/** A long block is tried on this many pieces from all over it, and left alone when they do not shrink by a thirty-second. */
const SAMPLES = 16;
const SAMPLE_BYTES = 2048;
const WORTHWHILE = 31 / 32;
/** Below this, trying costs as much as doing. */
const LONG_BYTES = 4 * SAMPLES * SAMPLE_BYTES;

/** A raw DEFLATE stream of the bytes, or undefined when it is not worth it: archives, pictures, encrypted data. */
export function compress(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length >= LONG_BYTES) {
    const sample = sampleOf(bytes);
    if (deflateSync(sample, SETTINGS).length > sample.length * WORTHWHILE) return undefined;
  }
  const packed = deflateSync(bytes, SETTINGS);
  return packed.length < bytes.length ? packed : undefined;
}

function sampleOf(bytes: Uint8Array): Uint8Array {
  const step = Math.floor(bytes.length / SAMPLES);
  return Buffer.concat(
    Array.from({ length: SAMPLES }, (_, index) => bytes.subarray(index * step, index * step + SAMPLE_BYTES)),
  );
}
