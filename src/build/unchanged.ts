// The fast path: a spec that was pushed before, from inputs that have not changed, costs two requests and no heavy module.
// Nothing here may import zod, undici, yaml or tar, directly or through others; a test looks.
import { readFile } from 'node:fs/promises';
import { createContext } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { digestOf } from '../core/digest.ts';
import { keyOf } from '../core/json.ts';
import type { Reference } from '../oci/reference.ts';
import { headManifest } from '../registry/quick.ts';
import type { LocalCache } from '../store/cache.ts';
import { createLocalCache } from '../store/cache.ts';
import type { Environment } from './environment.ts';
import { cacheFolder, USER_AGENT } from './environment.ts';
import type { Copies } from './files.ts';
import { digestUserFiles, readUserFiles } from './files.ts';
import type { BuildResult } from './result.ts';

/** What an earlier successful `build --push` left behind, under its own command line and folder. */
export interface Memo {
  /** Spec, requirements and lock files, absolute. */
  readonly files: readonly { readonly path: string; readonly digest: Digest }[];
  readonly copies: Copies;
  readonly copied: Digest;
  readonly target: Reference;
  readonly digest: Digest;
  /** The base as it was found, when it was a tag in a registry. */
  readonly base?: { readonly reference: Reference; readonly digest: Digest } | undefined;
  readonly result: BuildResult;
}

export interface Answer {
  /** For people, on stderr. */
  readonly message: string;
  /** The result, on stdout. */
  readonly output: string;
}

const KIND = 'unchanged';
/** Raised when the meaning of a memo changes. */
const MEMO_FORMAT = 2;

/** Flags under which an earlier answer says nothing. */
const ALWAYS_WORK = /^--(force|plan|no-cache|frozen|offline|output|help|cache-dir)\b|^-[oh]/;

function memoKey(argv: readonly string[], environment: Environment): Digest {
  const { SOURCE_DATE_EPOCH: epoch } = environment.variables as { SOURCE_DATE_EPOCH?: string };
  return keyOf({ format: MEMO_FORMAT, argv, folder: environment.workingDirectory, epoch });
}

/** flytekit's switches: see switches.ts. */
const SWITCHES = ['FLYTE_FORCE_PUSH_IMAGE_SPEC', 'FLYTE_PUSH_IMAGE_SPEC'];

function mayBeUnchanged(argv: readonly string[], { variables }: Environment): boolean {
  if (SWITCHES.some((name) => variables[name])) return false;
  return argv[0] === 'build' && argv.includes('--push') && !argv.some((word) => ALWAYS_WORK.test(word));
}

export async function writeMemo(
  cache: LocalCache,
  argv: readonly string[],
  environment: Environment,
  memo: Memo,
): Promise<void> {
  if (!mayBeUnchanged(argv, environment)) return;
  await cache.writeRecord(KIND, memoKey(argv, environment), new TextEncoder().encode(JSON.stringify(memo)));
}

/** The answer to the command line if nothing has changed since it was last run; else undefined, and the long way decides. */
export async function answerUnchanged(argv: readonly string[], environment: Environment): Promise<Answer | undefined> {
  if (!mayBeUnchanged(argv, environment)) return undefined;
  const cache = createLocalCache(cacheFolder(environment), { now: environment.now, random: environment.uniqueName });
  const bytes = await cache.readRecord(KIND, memoKey(argv, environment));
  if (!bytes) return undefined;
  const memo = JSON.parse(new TextDecoder().decode(bytes)) as Memo;
  try {
    const same = await Promise.all([sameFiles(memo), sameCopies(memo), sameAtRegistry(memo, environment)]);
    if (same.includes(false)) return undefined;
  } catch {
    return undefined;
  }
  return {
    message: `${memo.result.images[0]?.reference} exists already; nothing to do\n`,
    output: printed(memo, argv),
  };
}

function printed(memo: Memo, argv: readonly string[]): string {
  if (argv.includes('--json')) return `${JSON.stringify(memo.result)}\n`;
  return memo.result.images.map((image) => `${image.reference}\n`).join('');
}

async function sameFiles({ files }: Memo): Promise<boolean> {
  const found = await Promise.all(files.map(async ({ path, digest }) => digestOf(await readFile(path)) === digest));
  return !found.includes(false);
}

async function sameCopies({ copies, copied }: Memo): Promise<boolean> {
  return (await digestOfCopies(copies)) === copied;
}

/** Of paths, modes and content; owner and time are not the user's input. */
export async function digestOfCopies(copies: Copies): Promise<Digest> {
  const ctx = createContext();
  return digestUserFiles(ctx, await readUserFiles(ctx, copies, 0));
}

async function sameAtRegistry({ target, digest, base }: Memo, environment: Environment): Promise<boolean> {
  const wanted = [{ reference: target, digest }, ...(base ? [base] : [])];
  const { variables: env, home } = environment;
  const answers = await Promise.all(
    wanted.map(({ reference }) => headManifest(reference, { env, home, userAgent: USER_AGENT })),
  );
  return answers.every((answer, i) => answer.status === 'exists' && answer.digest === wanted[i]?.digest);
}
