// From what the user wants to the wheels of one target: a lock is read as it is, all else is uv's to resolve.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import type { ErrorCode } from '../core/error.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactText } from '../core/redact.ts';
import { chooseWheels } from './choose-wheels.ts';
import type { Interpreter } from './interpreter.ts';
import { describeInterpreter } from './interpreter.ts';
import type { Lock } from './lock.ts';
import { parsePylock } from './pylock.ts';
import type { Wants } from './requirements.ts';
import { isLockFile, readRequirements } from './requirements.ts';
import { runProgram } from './run-program.ts';
import { writeStandIn } from './stand-in.ts';
import { readTextFile } from './text-file.ts';

export interface ResolveOptions {
  /** Host path of uv; asked for only when there is something to resolve. */
  readonly uv: () => Promise<string>;
  /** Empty host folder of this resolution alone. */
  readonly scratch: string;
  /** What uv reads its settings from, and credentials. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly offline: boolean;
  /** Where uv keeps what it has read of indexes. */
  readonly cacheFolder: string;
}

/**
 * Throws what `readRequirements`, `parsePylock` and `chooseWheels` throw, and what uv says: `UNRESOLVABLE` with its reasons, `NO_WHEEL`,
 * `INDEX_UNREACHABLE`, `UNAUTHORIZED`, `FORBIDDEN`, `NOT_FOUND`, `OFFLINE`.
 */
export async function resolve(
  ctx: Context,
  wants: Wants,
  interpreter: Interpreter,
  options: ResolveOptions,
): Promise<Lock> {
  const { requirementsFile: file } = wants;
  if (file !== undefined && isLockFile(file)) {
    const what = `The lock file ${file}`;
    const text = await readTextFile(file, what);
    return chooseWheels(parsePylock(text, what), { interpreter, file, what, requirements: undefined });
  }
  const requirements = await readRequirements(wants);
  if (requirements.requested.size === 0) return lockOfNothing(interpreter);
  const answer = join(options.scratch, 'pylock.toml');
  await runUv(ctx, wants, interpreter, answer, options);
  const what = "uv's answer";
  const text = await readFile(answer, 'utf8').catch((cause: unknown) => {
    throw notUv('it ended well, but wrote no lock', cause);
  });
  return chooseWheels(parsePylock(text, what), { interpreter, file: answer, what, requirements });
}

function lockOfNothing(interpreter: Interpreter): Lock {
  const empty = parsePylock('lock-version = "1.0"\npackages = []', 'the empty lock');
  return chooseWheels(empty, { interpreter, file: '', what: 'the empty lock', requirements: undefined });
}

/** Resolving hundreds of distributions against a slow index takes a minute; behind this nobody is working any more. */
const TIMEOUT_MS = 900_000;

async function runUv(
  ctx: Context,
  wants: Wants,
  interpreter: Interpreter,
  answer: string,
  options: ResolveOptions,
): Promise<void> {
  const { scratch, offline } = options;
  const uv = await options.uv();
  const python = await writeStandIn(scratch, interpreter);
  const packages = join(scratch, 'packages.txt');
  await writeFile(packages, wants.packages.map((one) => `${one}\n`).join(''));
  const files = wants.requirementsFile === undefined ? [packages] : [wants.requirementsFile, packages];
  const target = ['--python', python, '--no-python-downloads', '--only-binary', ':all:'];
  const style = ['--no-header', '--no-annotate', '--color', 'never', '--no-progress'];
  const args = ['pip', 'compile', ...files, ...target, '--format', 'pylock.toml', '-o', answer, ...style];
  if (offline) args.push('--offline');
  const env = uvEnvironment(wants, options);
  const { status, stderr, failure } = await runProgram(ctx, uv, args, { env, folder: scratch, timeoutMs: TIMEOUT_MS });
  if (failure !== undefined) throw notUv(failure);
  if (status !== 0) throw uvError(redactText(stderr), interpreter, offline);
}

const OWN_UV = 'Unset IMAGESPEC_UV, so that the version is used that is known to work.';

function notUv(why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('UV_MISSING', `The resolver uv gave no answer: ${why}`, { hint: OWN_UV, cause });
}

/** Index URLs go by variable, since the arguments of a process can be read by everyone on the machine. */
function uvEnvironment({ pipIndex, pipExtraIndexUrls }: Wants, { env, cacheFolder }: ResolveOptions) {
  const mine: Record<string, string | undefined> = { ...env, UV_CACHE_DIR: cacheFolder };
  if (pipIndex !== undefined) {
    delete mine['UV_INDEX_URL'];
    mine['UV_DEFAULT_INDEX'] = pipIndex;
  }
  if (pipExtraIndexUrls.length > 0) {
    delete mine['UV_EXTRA_INDEX_URL'];
    mine['UV_INDEX'] = pipExtraIndexUrls.join(' ');
  }
  return mine;
}

/** What uv's words mean; the first that fits decides. */
const MEANINGS: readonly (readonly [words: RegExp, code: ErrorCode, hint: string])[] = [
  [/Failed to inspect Python|Querying Python at|Failed to query Python/i, 'UV_MISSING', OWN_UV],
  [/network was disabled|not found in the cache/i, 'OFFLINE', 'Build once without --offline.'],
  [
    /401 Unauthorized|lack of valid authentication/i,
    'UNAUTHORIZED',
    'Put user and token into the index URL (a variable such as UV_INDEX_URL keeps them out of the spec), or into a .netrc: ~/.netrc, or one under `pip_secret_mounts`.',
  ],
  [/403 Forbidden/i, 'FORBIDDEN', 'Ask for read access to this index, or use another token.'],
  [/404 Not Found/i, 'NOT_FOUND', 'Check the URL.'],
  [/429 Too Many/i, 'RATE_LIMITED', 'Wait a while and try again; indexes allow more to users who are logged in.'],
  [/server error \(5\d\d/i, 'SERVER_ERROR', 'This is a fault of the index or of a proxy before it: try again later.'],
  [
    /Failed to fetch|error sending request|dns error/i,
    'INDEX_UNREACHABLE',
    'Check the network, the proxy variables and the index URL; --offline uses what is in the cache.',
  ],
  [
    /hash mismatch/i,
    'DIGEST_MISMATCH',
    'Make the hashes anew if the version is new; otherwise do not trust the index.',
  ],
  [
    /no usable wheels|no wheels with a matching|building from source is disabled/i,
    'NO_WHEEL',
    'Choose another version or base image, or build a wheel and publish that to your index.',
  ],
  [/invalid package format/i, 'WHEEL_INVALID', 'The wheel is damaged: choose another version, and tell its authors.'],
  [
    /not found in the package registry|there are no versions of/i,
    'UNRESOLVABLE',
    'Check the spelling of the name, and that `pip_index` is an index that has it.',
  ],
  [/couldn't parse|invalid requirement|unsupported|^error: unexpected/i, 'REQUIREMENTS_INVALID', 'Correct the line.'],
];
const NO_SOLUTION = [
  /^/,
  'UNRESOLVABLE',
  'Loosen one of the versions that are named, or choose another base image.',
] as const;

function uvError(words: string, interpreter: Interpreter, offline: boolean): ImageSpecError {
  const [pattern, code, hint] =
    MEANINGS.find(([known, meant]) => known.test(words) && (meant !== 'OFFLINE' || offline)) ?? NO_SOLUTION;
  const { headline, reasons } = sentencesOf(words);
  if (code === 'REQUIREMENTS_INVALID') {
    const message = `The requirements cannot be read: ${[headline, ...reasons].join(': ')}`;
    return new ImageSpecError(code, message, { hint });
  }
  const telling = reasons.find((one) => pattern.test(one)) ?? reasons[0] ?? headline ?? 'uv failed without a word';
  const message = `The requirements cannot be resolved for ${describeInterpreter(interpreter)}: ${telling}`;
  return new ImageSpecError(code, message, { hint, issues: reasons });
}

/** uv's message in sentences: its headline says only that something failed, causes and hints say what. */
function sentencesOf(words: string): { readonly headline: string | undefined; readonly reasons: readonly string[] } {
  const [headline, ...reasons] = words
    .split(/\n(?!\s*And\b)(?=\s*(?:error|cause|hint):)/)
    .map((part) =>
      part
        .replace(/^\s*(?:error|cause|hint):\s*/, '')
        .replace(/^[ ^]+$/gm, '')
        .replace(/\s*\n\s*/g, ' ')
        // The file in which we hand over what stands under `packages`.
        .replace(/`(?:[^`]*\/)?packages\.txt` at position \d+/g, '`packages`')
        .trim(),
    )
    .filter((part) => part !== '');
  return { headline, reasons };
}
