// `imagespec.lock` beside the spec: what resolution chose, per platform, so that the same spec installs the same tomorrow and elsewhere.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import { ImageSpecError, systemCode } from '../core/error.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));

const url = z.string().refine((text) => /^(?:https?|file):/.test(text) && URL.canParse(text), 'is no URL');

const subdirectory = z.string().optional();
/** In the order of a fresh one: what is read has the order of the schema, and becomes a file of the image as it is. */
const directUrlSchema = z.union([
  z.strictObject({
    url: z.string(),
    archive_info: z.strictObject({ hashes: z.strictObject({ sha256: z.string() }) }),
    subdirectory,
  }),
  z.strictObject({
    url: z.string(),
    vcs_info: z.strictObject({
      vcs: z.literal('git'),
      requested_revision: z.string().optional(),
      commit_id: z.string(),
    }),
    subdirectory,
  }),
]);

const wheelSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  filename: z.string(),
  url,
  digest,
  size: z.int().nonnegative().optional(),
  requested: z.boolean(),
  directUrl: directUrlSchema.optional(),
});

const sourceSchema = z.strictObject({
  name: z.string(),
  version: z.string().optional(),
  from: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('sdist'),
      filename: z.string(),
      url,
      digest,
      size: z.int().nonnegative().optional(),
      subdirectory,
    }),
    z.strictObject({
      kind: z.literal('git'),
      url: z.string().refine((text) => URL.canParse(text), 'is no URL'),
      commit: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'is no commit'),
      subdirectory,
    }),
  ]),
  requested: z.boolean(),
  directUrl: directUrlSchema.optional(),
});

const debSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  url,
  digest,
  size: z.int().nonnegative(),
  requested: z.boolean(),
  suites: z.array(z.string()).readonly(),
  snapshot: z.string().optional(),
});

const debianSchema = z.strictObject({
  inputs: digest,
  /** In the order in which they are installed. */
  packages: z.array(debSchema).readonly(),
});

/** One that is brought, by its archive. */
const interpreterSchema = z.strictObject({ inputs: digest, version: z.string(), url, digest });

const platformSchema = z.strictObject({
  /** Digest of what was asked for: as long as it is the same, the lock is taken as it is. */
  inputs: digest.optional(),
  python: z.string().optional(),
  wheels: z.array(wheelSchema).optional(),
  /** What is built before it is installed. */
  sources: z.array(sourceSchema).optional(),
  debian: debianSchema.optional(),
  interpreter: interpreterSchema.optional(),
});

const platformsSchema = z.record(z.string(), platformSchema);

/** A spec file has one lock: that of its only image stands in it as it is, those of several below their names. */
const lockFileSchema = z.strictObject({
  version: z.literal(1),
  platforms: platformsSchema.optional(),
  images: z.record(z.string(), z.strictObject({ platforms: platformsSchema })).optional(),
});
type WholeLock = z.output<typeof lockFileSchema>;

/** The lock of one image. */
export interface LockFile {
  readonly version: 1;
  readonly platforms: Readonly<z.output<typeof platformsSchema>>;
}
export type LockedPlatform = LockFile['platforms'][string];

export const EMPTY_LOCK_FILE: LockFile = { version: 1, platforms: {} };

/**
 * An absent file is an empty lock; a broken one is an error, since guessing would unlock.
 * @param key of one of several images
 */
export async function readLockFile(file: string, key?: string): Promise<LockFile> {
  const { platforms, images } = await readWhole(file);
  return { version: 1, platforms: (key === undefined ? platforms : images?.[key]?.platforms) ?? {} };
}

async function readWhole(file: string): Promise<WholeLock> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return { version: 1 };
    throw invalid(file, 'cannot be read', cause);
  }
  try {
    return lockFileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw invalid(file, 'is not a lock file of this version', cause);
  }
}

function invalid(file: string, what: string, cause: unknown): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_INVALID', `The lock file ${file} ${what}`, {
    hint: 'Restore it from version control, or delete it to resolve anew.',
    cause,
  });
}

interface LockOptions {
  /** Of one of several images; the others keep their locks. */
  readonly key?: string | undefined;
  readonly temporaryName: string;
}

/** Images of one file are written one after the other: each reads what the others have written. */
export async function writeLockFile(file: string, lock: LockFile, { key, temporaryName }: LockOptions): Promise<void> {
  const platforms = sorted(lock.platforms);
  const before = await readWhole(file);
  const images = key === undefined ? before.images : sorted({ ...before.images, [key]: { platforms } });
  const whole: WholeLock = { ...before, ...(key === undefined && { platforms }), ...(images && { images }) };
  const temporary = `${file}.${temporaryName}`;
  try {
    await writeFile(temporary, `${JSON.stringify(whole, undefined, 2)}\n`);
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new ImageSpecError('OUTPUT_UNWRITABLE', `The lock file ${file} cannot be written (${systemCode(cause)})`, {
      hint: 'Make the folder of the spec writable, or build with --frozen and a committed lock file.',
      cause,
    });
  }
}

const sorted = <T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

/** A lock file holds no credentials: whoever may fetch has them elsewhere. */
export function withoutCredentials<T extends { readonly url: string }>(one: T): T {
  const bare = URL.parse(one.url);
  if (!bare || (bare.username === '' && bare.password === '')) return one;
  // Of ssh, the user is no secret, and part of where a repository is.
  if (!/^(?:git\+)?ssh:/.test(bare.protocol)) bare.username = '';
  bare.password = '';
  return { ...one, url: bare.href };
}
