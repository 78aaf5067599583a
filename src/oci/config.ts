// The image config (image-spec, config.md). Unknown members are kept: an extended image must not lose what its base says.
import { z } from 'zod';
import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';

const list = z.array(z.string()).optional();
const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'not a sha256 digest');

const historySchema = z.looseObject({
  created: z.string().optional(),
  created_by: z.string().optional(),
  comment: z.string().optional(),
  empty_layer: z.boolean().optional(),
});

const runConfigSchema = z.looseObject({
  User: z.string().optional(),
  Env: list,
  Entrypoint: list,
  Cmd: list,
  WorkingDir: z.string().optional(),
  Labels: z.record(z.string(), z.string()).optional(),
});

const configSchema = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  created: z.string().optional(),
  author: z.string().optional(),
  config: runConfigSchema.optional(),
  rootfs: z.looseObject({
    type: z.literal('layers'),
    diff_ids: z.array(digest).default([]),
  }),
  history: z.array(historySchema).optional(),
});

export type ImageConfig = z.output<typeof configSchema>;
export type RunConfig = z.output<typeof runConfigSchema>;
export type History = z.output<typeof historySchema>;

/** Parses a config document; throws `MANIFEST_INVALID` naming `what`. */
export function parseConfig(bytes: Uint8Array, what: string): ImageConfig {
  return parseDocument(configSchema, bytes, what);
}

/** An explicit null means absent on optional members (image-spec, config.md). */
const withoutNull = (_key: string, value: unknown): unknown => (value === null ? undefined : value);

/** Parses JSON that a stranger sent. */
export function parseDocument<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes), withoutNull);
  } catch (cause) {
    throw new ImageSpecError('MANIFEST_INVALID', `${what} is not JSON`, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'document'}: ${issue.message}`);
  throw new ImageSpecError('MANIFEST_INVALID', `${what} breaks the image specification: ${issues[0]}`, { issues });
}
