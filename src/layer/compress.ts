// What we compress ourselves must have the same bytes on every host, so it never meets the host's zlib (docs/decisions/0002).
import { deflateSync } from 'fflate';

/** The package's exact version belongs to the layer format, as these settings do. `mem` is given because its default depends on a logarithm. */
const SETTINGS = { level: 6, mem: 3 } as const;

/** A block is tried on this many of its first bytes, and left alone when they do not shrink by a thirty-second. */
const PROBE_BYTES = 1 << 15;
const WORTHWHILE = 31 / 32;

/** A raw DEFLATE stream of the bytes, or undefined when it is not worth it: archives, pictures, encrypted data. */
export function compress(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length > PROBE_BYTES) {
    const probe = deflateSync(bytes.subarray(0, PROBE_BYTES), SETTINGS);
    if (probe.length > PROBE_BYTES * WORTHWHILE) return undefined;
  }
  const packed = deflateSync(bytes, SETTINGS);
  return packed.length < bytes.length ? packed : undefined;
}
