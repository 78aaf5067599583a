// Canonical JSON: one byte sequence per value, so that keys and documents can be compared by digest.
import type { Digest } from './digest.ts';
import { digestOf } from './digest.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Compact JSON with object keys sorted by code unit (RFC 8785 without its number rules, which integers do not need). */
export function canonicalJson(value: Json): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    const record = inner as Record<string, unknown>;
    return Object.fromEntries(
      Object.keys(record)
        .sort()
        .map((key) => [key, record[key]]),
    );
  });
}

/** Digest of the canonical form: the input keys of layers and images. Objects and lists frame each part, so nothing collides. */
export function keyOf(value: Json): Digest {
  return digestOf(canonicalJson(value));
}
