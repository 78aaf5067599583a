// uv, the resolver: found where the user put it, or brought into our cache by way of the host's own package index.
import { chmod, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Context } from '../core/context.ts';
import { step, throwIfAborted } from '../core/context.ts';
import { ImageSpecError, messageOf } from '../core/error.ts';
import { redactText } from '../core/redact.ts';
import type { Http } from '../registry/http.ts';
import type { LocalCache } from '../store/cache.ts';
import { readRange } from '../store/disk.ts';
import type { ProgramEnd } from './run-program.ts';
import { runProgram } from './run-program.ts';
import { findInIndex } from './simple-index.ts';
import type { UvWheel } from './uv-release.ts';
import { UV_MEMBER, UV_VERSION, UV_WHEELS } from './uv-release.ts';
import { memberBytes } from './member.ts';
import { readZip } from './zip.ts';

export interface FindUvOptions {
  readonly cache: LocalCache;
  /** `IMAGESPEC_UV`, `PATH`, and what pip and uv take from their variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly offline: boolean;
  /** For hosts without Python: uv is fetched from the index that the spec or the variables name. */
  readonly http?: Http | undefined;
  /** The spec's index; may hold credentials. */
  readonly pipIndex?: string | undefined;
}

/** A program that only tells its version does so at once. */
const VERSION_TIMEOUT_MS = 20_000;
/** 20 MB over a slow line. */
const DOWNLOAD_TIMEOUT_MS = 600_000;

/**
 * Host path of uv: `IMAGESPEC_UV`, whatever its version; else of the pinned version from PATH, the cache, the index (if one is named and
 * `http` is given) or the host's pip. Throws `UV_MISSING`, and `OFFLINE` if it would have to be fetched.
 */
export async function findUv(ctx: Context, options: FindUvOptions): Promise<string> {
  const { cache, env, offline } = options;
  const asked = env['IMAGESPEC_UV'];
  if (asked) return checkAsked(ctx, asked, options);
  const found = (await findOnPath(ctx, options)) ?? (await findInCache(cache));
  if (found !== undefined) return found;
  const release = UV_WHEELS[`${process.platform}-${process.arch}`];
  if (!release) throw missing([`no build of it is known for ${process.platform}-${process.arch}`]);
  if (offline) {
    throw new ImageSpecError('OFFLINE', `uv ${UV_VERSION} is not on this machine and --offline was given`, {
      hint: HINT,
    });
  }
  return step(ctx, { step: 'install', subject: `uv ${UV_VERSION}` }, () => install(ctx, release, options));
}

const HINT = `Install uv ${UV_VERSION}, put it on PATH or name it with IMAGESPEC_UV; or bring a pylock.toml, which needs no resolver.`;

function missing(issues: readonly string[]): ImageSpecError {
  const message = `The resolver uv ${UV_VERSION} is not on this machine and could not be installed: ${issues.join('; ')}`;
  return new ImageSpecError('UV_MISSING', message, { hint: HINT, issues });
}

async function checkAsked(ctx: Context, program: string, options: FindUvOptions): Promise<string> {
  const version = await versionOf(ctx, program, options);
  if (version === undefined) {
    throw new ImageSpecError('UV_MISSING', `IMAGESPEC_UV names ${program}, which does not run as uv`, {
      hint: `Name a uv ${UV_VERSION} with IMAGESPEC_UV, or unset it.`,
    });
  }
  if (version !== UV_VERSION) {
    const message = `IMAGESPEC_UV names uv ${version}; ${UV_VERSION} is the version that is known to work`;
    ctx.emit({ type: 'log', level: 'warning', message });
  }
  return program;
}

async function findOnPath(ctx: Context, options: FindUvOptions): Promise<string | undefined> {
  for (const folder of (options.env['PATH'] ?? '').split(delimiter).filter(isAbsolute)) {
    const program = join(folder, 'uv');
    const isThere = await stat(program).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isThere && (await versionOf(ctx, program, options)) === UV_VERSION) return program;
  }
  return undefined;
}

/** The version a program says, if it says it is uv. */
async function versionOf(ctx: Context, program: string, options: FindUvOptions): Promise<string | undefined> {
  const { stdout } = await run(ctx, program, ['--version'], options, VERSION_TIMEOUT_MS);
  return /^uv (\S+)/.exec(stdout)?.[1];
}

async function findInCache(cache: LocalCache): Promise<string | undefined> {
  const release = UV_WHEELS[`${process.platform}-${process.arch}`];
  const program = release && (await cache.find(release.program.digest));
  // Blobs are kept without the right to run, and a crash may have come between keeping and giving it.
  if (program !== undefined) await chmod(program, 0o755);
  return program;
}

async function install(ctx: Context, release: UvWheel, options: FindUvOptions): Promise<string> {
  const { cache } = options;
  const issues: string[] = [];
  for (const fetch of [fromIndex, fromPip]) {
    try {
      const wheel = await fetch(ctx, release, options);
      const member = (await readZip(wheel, release.filename)).find(({ name }) => name === UV_MEMBER);
      if (!member) throw new Error(`${release.filename} holds no ${UV_MEMBER}`);
      await cache.keep(ctx, release.program, `uv of ${release.filename}`, () => memberBytes(wheel, member));
      return (await findInCache(cache)) ?? missingProgram(release);
    } catch (error) {
      throwIfAborted(ctx);
      issues.push(redactText(messageOf(error)));
    }
  }
  throw missing(issues);
}

/** Without Python on the host: from the index that somebody named. We name none ourselves. */
async function fromIndex(ctx: Context, release: UvWheel, options: FindUvOptions): Promise<string> {
  const { cache, env, http, pipIndex } = options;
  const index = [pipIndex, env['UV_DEFAULT_INDEX'], env['UV_INDEX_URL'], env['PIP_INDEX_URL']].find(Boolean);
  if (!http || index === undefined || !URL.canParse(index)) throw new Error('no index is named');
  const { url, headers } = await findInIndex(ctx, http, index, 'uv', release.filename);
  return cache.keep(ctx, release.wheel, release.filename, (inner) =>
    http.download(inner, url, { headers, isCheckedByReader: true }),
  );
}

/** With the host's pip, from wherever it is configured to look. */
async function fromPip(ctx: Context, release: UvWheel, options: FindUvOptions): Promise<string> {
  const { cache, pipIndex } = options;
  const choice = ['--no-deps', '--only-binary', ':all:', '--platform', release.platform];
  const quiet = ['--disable-pip-version-check', '--no-input', '-q'];
  // By variable, since the arguments of a process can be read by everyone on the machine.
  const env = { ...options.env, ...(pipIndex && { PIP_INDEX_URL: pipIndex }) };
  return cache.scratch(async (folder) => {
    const args = ['-m', 'pip', 'download', ...choice, ...quiet, '--dest', folder, `uv==${UV_VERSION}`];
    const { status, stderr, failure } = await run(ctx, 'python3', args, { ...options, env }, DOWNLOAD_TIMEOUT_MS);
    if (status !== 0) throw new Error(`pip failed: ${failure ?? stderr.trim().split('\n').at(-1)}`);
    const file = join(folder, release.filename);
    return cache.keep(ctx, release.wheel, release.filename, () => readRange(file));
  });
}

function run(
  ctx: Context,
  program: string,
  args: readonly string[],
  { env, cache }: Pick<FindUvOptions, 'env' | 'cache'>,
  timeoutMs: number,
): Promise<ProgramEnd> {
  return cache.scratch((folder) => runProgram(ctx, program, args, { env, folder, timeoutMs }));
}

function missingProgram({ filename }: UvWheel): never {
  throw new Error(`the program of ${filename} was kept and is gone`);
}
