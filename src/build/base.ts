// The base of an image: its manifest and config, and what its files tell. Read once per digest, then known from the cache.
import { z } from 'zod';
import type { Image } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { isImageSpecError } from '../core/error.ts';
import { keyOf } from '../core/json.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import { EMPTY_FACTS } from '../filesystem/facts.ts';
import { decodeFacts, encodeFacts } from '../filesystem/facts-record.ts';
import type { Platform } from '../oci/platform.ts';
import { printPlatform } from '../oci/platform.ts';
import type { Interpreter } from '../python/interpreter.ts';
import type { InstalledPackage } from '../python/replaced.ts';
import { ENVIRONMENT_ROOT } from '../python/venv.ts';
import type { LocalCache } from '../store/cache.ts';
import type { Surroundings } from './surroundings.ts';
import type { ImageUser } from './user.ts';
import { userEntries } from './user.ts';

/** Raised when the facts' content or the capture rules change: older records are not read any more. */
const FACTS_FORMAT = 2;
/** The same for what is concluded from facts. */
const DETAILS_FORMAT = 3;

export interface Base {
  /** For messages: `docker.io/library/python:3.12-slim`, `oci:base`, `scratch`. */
  readonly name: string;
  /** Fully qualified; only of a base in a registry, since paths of this host mean nothing elsewhere. */
  readonly reference?: string | undefined;
  readonly platform: Platform;
  /** undefined for `scratch`. */
  readonly image: Image | undefined;
  /** What the name resolved to: the index's digest where the name is an index. */
  readonly rootDigest: Digest | undefined;
  /** Stands for the base in input keys. */
  readonly key: string;
}

export interface BaseDetails {
  readonly user: ImageUser;
  /** Present when it was asked for and is there. */
  readonly interpreter: Interpreter | undefined;
  /** Where it was asked for and is not there: what is there instead, as a sentence without its full stop. */
  readonly absence: string | undefined;
  /** Of the environment that packages go into, where the base has one already. */
  readonly installed: readonly InstalledPackage[];
  readonly surroundings: Surroundings;
}

export interface BaseReader {
  readonly base: Base;
  readonly facts: (ctx: Context) => Promise<BaseFacts>;
  /** User and interpreter, without reading the facts when they are known. Throws `INTERPRETER_MISSING` for `pythonExec` alone. */
  readonly details: (ctx: Context) => Promise<BaseDetails>;
  /** The same as far as an earlier build has found them out. */
  readonly knownDetails: () => Promise<BaseDetails | undefined>;
}

export interface BaseQuestions {
  readonly wantsPython: boolean;
  /** Whether packages will be installed on it: more of its files must be known then. */
  readonly wantsDebian: boolean;
  readonly pythonVersion: string | undefined;
  /** Path of the interpreter, where the spec names it. */
  readonly pythonExec: string | undefined;
  /** As the spec writes it. */
  readonly user: string | undefined;
}

const libc = z.object({ kind: z.enum(['glibc', 'musl']), major: z.number(), minor: z.number() });

const detailsSchema = z.object({
  user: z.object({ name: z.string(), uid: z.number(), gid: z.number() }),
  interpreter: z
    .object({
      version: z.string(),
      path: z.string(),
      prefix: z.string(),
      machine: z.string(),
      libc,
      freeThreaded: z.boolean(),
    })
    .optional(),
  absence: z.string().optional(),
  installed: z.array(z.object({ name: z.string(), version: z.string(), python: z.string() })),
  surroundings: z.object({
    libc: libc.optional(),
    hasDpkg: z.boolean(),
    hasSources: z.boolean(),
    hasCertificates: z.boolean(),
  }),
});

/** `/etc/passwd` of a real image has a few kilobytes. */
const ACCOUNTS_LIMIT_BYTES = 1 << 20;

/**
 * @param read gives the facts of a base that is more than its image
 * @param isFinal whether these are all of it, asked when they were read: else what is found in them is not kept
 */
export function readBase(
  base: Base,
  questions: BaseQuestions,
  cache: LocalCache,
  read: (ctx: Context) => Promise<BaseFacts> = (ctx) => factsOf(ctx, base, questions, cache),
  isFinal: () => boolean = () => true,
): BaseReader {
  let facts: Promise<BaseFacts> | undefined;
  const readOnce = (ctx: Context): Promise<BaseFacts> => (facts ??= read(ctx));
  const details: BaseReader['details'] = (ctx) => detailsOf(ctx, base, questions, cache, { readOnce, isFinal });
  const knownDetails = (): Promise<BaseDetails | undefined> => readDetails(cache, detailsKey(base, questions));
  return { base, facts: readOnce, details, knownDetails };
}

async function factsOf(
  ctx: Context,
  base: Base,
  { wantsDebian }: BaseQuestions,
  cache: LocalCache,
): Promise<BaseFacts> {
  const { image } = base;
  if (!image) return EMPTY_FACTS;
  const key = keyOf({ format: FACTS_FORMAT, manifest: image.descriptor.digest, ...(wantsDebian && { wantsDebian }) });
  const known = await cache.readRecord('facts', key);
  const decoded = known && decodeFacts(known);
  if (decoded) return decoded;
  const total = image.layers.reduce((sum, layer) => sum + layer.descriptor.size, 0);
  const subject = `${base.name} ${printPlatform(base.platform)}`;
  return cache.join(ctx, key, () =>
    step(ctx, { step: 'read base', subject, total, unit: 'bytes' }, async () => {
      const facts = await readImage(ctx, image, wantsDebian);
      await cache.writeRecord('facts', key, encodeFacts(facts));
      return facts;
    }),
  );
}

/** What reads a base is loaded for a base that is not known yet: the next build starts sooner without it. */
async function readImage(ctx: Context, { layers }: Image, wantsDebian: boolean): Promise<BaseFacts> {
  const { readFacts } = await import('../filesystem/read-layers.ts');
  const capture = await captureForBuild();
  if (!wantsDebian) return readFacts(ctx, layers, { capture });
  const { captureForDebian } = await import('../dpkg/capture.ts');
  return readFacts(ctx, layers, { capture: (path) => captureForDebian(path) ?? capture(path) });
}

/** Which files every build looks at: accounts, and what tells of the interpreter. */
export async function captureForBuild(): Promise<(path: string) => number | undefined> {
  const [{ captureForInterpreter }, { captureForReplaced }] = await Promise.all([
    import('../python/find-interpreter.ts'),
    import('../python/replaced.ts'),
  ]);
  return (path) => {
    if (path === 'etc/passwd' || path === 'etc/group') return ACCOUNTS_LIMIT_BYTES;
    return captureForInterpreter(path) ?? captureForReplaced(path, ENVIRONMENT_ROOT.slice(1));
  };
}

function detailsKey(base: Base, { wantsPython, pythonVersion, pythonExec, user }: BaseQuestions): Digest {
  const platform = printPlatform(base.platform);
  const formats = [FACTS_FORMAT, DETAILS_FORMAT];
  return keyOf({ formats, base: base.key, platform, wantsPython, pythonVersion, pythonExec, user });
}

async function readDetails(cache: LocalCache, key: Digest): Promise<BaseDetails | undefined> {
  const known = await cache.readRecord('base', key);
  const parsed = known && detailsSchema.safeParse(JSON.parse(new TextDecoder().decode(known)));
  if (!parsed?.success) return undefined;
  const { user, interpreter, absence, installed, surroundings } = parsed.data;
  return { user, interpreter, absence, installed, surroundings: { ...surroundings, libc: surroundings.libc } };
}

async function detailsOf(
  ctx: Context,
  base: Base,
  questions: BaseQuestions,
  cache: LocalCache,
  { readOnce, isFinal }: { readOnce: (ctx: Context) => Promise<BaseFacts>; isFinal: () => boolean },
): Promise<BaseDetails> {
  const key = detailsKey(base, questions);
  const known = await readDetails(cache, key);
  if (known) return known;
  const read = await readOnce(ctx);
  const [{ readSurroundings }, { installedIn }] = await Promise.all([
    import('./surroundings.ts'),
    import('../python/replaced.ts'),
  ]);
  const { user } = userEntries(read, questions.user, 0);
  const surroundings = readSurroundings(read, base.platform);
  const installed = installedIn(read, ENVIRONMENT_ROOT.slice(1));
  const details: BaseDetails = { user, ...(await lookForPython(read, base, questions)), installed, surroundings };
  if (isFinal()) await cache.writeRecord('base', key, new TextEncoder().encode(JSON.stringify(details)));
  return details;
}

/** Whoever asked decides what an absent one means; where the spec says where it is, there is nothing to decide. */
async function lookForPython(
  facts: BaseFacts,
  { image, platform }: Base,
  { wantsPython, pythonVersion, pythonExec }: BaseQuestions,
): Promise<Pick<BaseDetails, 'interpreter' | 'absence'>> {
  if (!wantsPython) return { interpreter: undefined, absence: undefined };
  const { findInterpreter } = await import('../python/find-interpreter.ts');
  const env = image?.config.config?.Env ?? [];
  try {
    return { interpreter: findInterpreter(facts, env, platform, pythonVersion, pythonExec), absence: undefined };
  } catch (error) {
    if (pythonExec !== undefined || !isImageSpecError(error) || error.code !== 'INTERPRETER_MISSING') throw error;
    return { interpreter: undefined, absence: error.message };
  }
}
