// A descriptor names content before anyone has its bytes (image-spec, descriptor.md).
import { z } from 'zod';
import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import type { Platform } from './platform.ts';

export type Annotations = Readonly<Record<string, string>>;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Annotations | undefined;
  readonly platform?: Platform | undefined;
  readonly artifactType?: string | undefined;
  readonly urls?: readonly string[] | undefined;
}

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'not a sha256 digest');

/** Unknown members are kept, never an error: a descriptor that is copied must not change. */
export const descriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest,
  size: z.int().nonnegative(),
  annotations: z.record(z.string(), z.string()).optional(),
  platform: z.looseObject({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).optional(),
  artifactType: z.string().optional(),
  urls: z.array(z.string()).optional(),
});
