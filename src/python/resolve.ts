// From what the user wants to the wheels of one target: a lock is read as it is, all else is uv's to resolve. Wheels come first: only what
// has none, at any version that fits, is taken as source (docs/decisions/0010).
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
import { isLockFile, isUvLock, readRequirements } from './requirements.ts';
import { buildFailed } from './build-wheel.ts';
import type { UvEnd } from './call-uv.ts';
import { callUv, indexVariables } from './call-uv.ts';
import { GIT_HINT } from './clone.ts';
import type { HookRunner } from './hook-calls.ts';
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
  /** Runs what sources need to be looked into. */
  readonly hooks: HookRunner;
}

/**
 * Throws what `readRequirements`, `parsePylock`, `chooseWheels` and hooks throw, and what uv says: `UNRESOLVABLE` with its reasons, `NO_WHEEL`,
 * `BUILD_FAILED`, `GIT_FAILED`, `INDEX_UNREACHABLE`, `UNAUTHORIZED`, `FORBIDDEN`, `NOT_FOUND`, `OFFLINE`.
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
    const lock = isUvLock(file) ? await exportLock(ctx, file, interpreter, options) : file;
    const text = await readTextFile(lock, what);
    return chooseWheels(parsePylock(text, what), { interpreter, file: lock, what, requirements: undefined });
  }
  const requirements = await readRequirements(wants);
  if (requirements.requested.size === 0 && !requirements.hasNameless) return lockOfNothing(interpreter);
  const answer = join(options.scratch, 'pylock.toml');
  await ask(ctx, { wants, interpreter, answer, options }, requirements.sources);
  const what = "uv's answer";
  const text = await readFile(answer, 'utf8').catch((cause: unknown) => {
    throw notUv('it ended well, but wrote no lock', cause);
  });
  return chooseWheels(parsePylock(text, what), { interpreter, file: answer, what, requirements });
}

/**
 * A uv.lock in the standard form, without groups for development and without the project itself, as flytekit installs it. Host path of the
 * result.
 */
async function exportLock(
  ctx: Context,
  file: string,
  interpreter: Interpreter,
  { uv, scratch, env, offline, cacheFolder }: ResolveOptions,
): Promise<string> {
  const answer = join(scratch, 'pylock.toml');
  const choice = ['--frozen', '--no-dev', '--no-emit-project', '--project', dirname(file)];
  const args = ['export', '--format', 'pylock.toml', '-o', answer, ...choice, ...STYLE];
  if (offline) args.push('--offline');
  const call = { uv: await uv(), interpreter, folder: scratch, hooks: undefined, timeoutMs: TIMEOUT_MS };
  const { status, stderr, failure } = await callUv(ctx, args, { ...call, env: { ...env, UV_CACHE_DIR: cacheFolder } });
  if (failure !== undefined) throw notUv(failure);
  if (status === 0) return answer;
  const { headline, reasons } = sentencesOf(redactText(stderr));
  const said = [headline, ...reasons].join(': ');
  throw new ImageSpecError('REQUIREMENTS_INVALID', `The lock file ${file} cannot be read: ${said}`, {
    hint: 'Make it anew with "uv lock"; a lock of a newer uv may say what this one does not understand.',
  });
}

function lockOfNothing(interpreter: Interpreter): Lock {
  const empty = parsePylock('lock-version = "1.0"\npackages = []', 'the empty lock');
  return chooseWheels(empty, { interpreter, file: '', what: 'the empty lock', requirements: undefined });
}

/** Resolving hundreds of distributions against a slow index takes a minute; behind this nobody is working any more. */
const TIMEOUT_MS = 900_000;

const STYLE = ['--no-header', '--no-annotate', '--color', 'never', '--no-progress'];

interface Question {
  readonly wants: Wants;
  readonly interpreter: Interpreter;
  /** Host path of the lock that uv writes. */
  readonly answer: string;
  readonly options: ResolveOptions;
}

/** Each round finds one distribution more that has no wheel; this many mean that something is wrong. */
const ROUNDS_LIMIT = 100;
/** How uv says that a distribution could only be built, at whatever version. */
const NEEDS_SOURCE =
  /(?:Wheels are required for `([^`]+)` because building from source is|Building source distributions for `([^`]+)` is) disabled/g;
/** The same of a URL whose name only building tells. */
const NAMELESS = /^error: Building source distributions is disabled$/m;
const BUILD_FAILED = /Failed to build `([^`]+)`|The build backend returned an error/;

/** What may come as source, and who looks into it. */
interface Allowance {
  /** Names, or whatever is asked for. */
  readonly sources: ReadonlySet<string> | 'all';
  readonly hooks: HookRunner | undefined;
}

/** Asks for wheels, then once more with each distribution from source that turns out to have none. */
async function ask(ctx: Context, question: Question, known: ReadonlySet<string>): Promise<void> {
  const { interpreter, options } = question;
  let allowed: Allowance = { sources: known, hooks: undefined };
  for (let round = 0; round < ROUNDS_LIMIT; round++) {
    const { status, stderr, failure, hookOutput } = await runUv(ctx, question, allowed);
    if (failure !== undefined) throw notUv(failure);
    if (status === 0) return;
    const failed = BUILD_FAILED.exec(stderr);
    if (failed && allowed.hooks) throw buildFailed(labelOf(failed[1]), redactText(stderr), hookOutput);
    const more = failed
      ? { ...allowed, hooks: options.hooks }
      : { ...allowed, sources: widened(allowed.sources, stderr) };
    if (more.sources === allowed.sources && more.hooks === allowed.hooks)
      throw uvError(redactText(stderr), interpreter, options.offline);
    allowed = more;
  }
  throw notUv(`${ROUNDS_LIMIT} distributions without wheels are not the last ones`);
}

/** `crcmod==1.7` or `demo @ git+https://…`, as uv writes it. */
function labelOf(text = 'A source that is named by its URL alone'): string {
  return redactText(text.replace('==', ' '));
}

/** The same when nothing more is needed. */
function widened(sources: Allowance['sources'], words: string): Allowance['sources'] {
  if (sources === 'all' || NAMELESS.test(words)) return 'all';
  const found = [...words.matchAll(NEEDS_SOURCE)].map(([, first, second]) => first ?? second!);
  return found.every((name) => sources.has(name)) ? sources : new Set([...sources, ...found]);
}

async function runUv(
  ctx: Context,
  { wants, interpreter, answer, options }: Question,
  { sources, hooks }: Allowance,
): Promise<UvEnd> {
  const { scratch, offline } = options;
  const uv = await options.uv();
  const packages = join(scratch, 'packages.txt');
  await writeFile(packages, wants.packages.map((one) => `${one}\n`).join(''));
  const files = wants.requirementsFile === undefined ? [packages] : [wants.requirementsFile, packages];
  const built = sources === 'all' ? [] : [...sources].flatMap((name) => ['--no-binary', name]);
  const choice = sources === 'all' ? [] : ['--only-binary', ':all:', ...built];
  const args = ['pip', 'compile', ...files, ...choice];
  args.push('--format', 'pylock.toml', '-o', answer, ...STYLE);
  if (offline) args.push('--offline');
  return callUv(ctx, args, {
    uv,
    interpreter,
    folder: scratch,
    env: { ...indexVariables(wants, options.env), UV_CACHE_DIR: options.cacheFolder },
    hooks,
    timeoutMs: TIMEOUT_MS,
  });
}

const OWN_UV = 'Unset IMAGESPEC_UV, so that the version is used that is known to work.';

function notUv(why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('UV_MISSING', `The resolver uv gave no answer: ${why}`, { hint: OWN_UV, cause });
}

const WHEEL_HINT = 'Choose another version or base image, or build a wheel and publish that to your index.';

/** What uv's words mean; the first that fits decides. */
const MEANINGS: readonly (readonly [words: RegExp, code: ErrorCode, hint: string])[] = [
  [/Failed to inspect Python|Querying Python at|Failed to query Python/i, 'UV_MISSING', OWN_UV],
  [/Git executable not found/i, 'GIT_FAILED', 'Install git on this host; it need not be in the image.'],
  [/Git operation failed|failed to (?:clone|fetch) |git process exited/i, 'GIT_FAILED', GIT_HINT],
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
  [/no usable wheels|no wheels with a matching|building from source is disabled/i, 'NO_WHEEL', WHEEL_HINT],
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
