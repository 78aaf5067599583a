// One question to uv, asked as often as its answers say that something must be taken as source. Wheels come first: only what has none, at any
// version that fits, is built (docs/decisions/0010).
import { readFile, writeFile } from 'node:fs/promises';
import type { Context } from '../core/context.ts';
import { redactText } from '../core/redact.ts';
import { buildFailed } from './build-wheel.ts';
import type { UvEnd } from './call-uv.ts';
import { callUv, indexVariables } from './call-uv.ts';
import type { HookRunner } from './hook-calls.ts';
import type { Interpreter } from './interpreter.ts';
import type { Pylock } from './pylock.ts';
import { parsePylock } from './pylock.ts';
import type { WrittenQuestion } from './question.ts';
import { notUv, uvError } from './uv-words.ts';
import type { InstalledPackage } from './replaced.ts';
import type { Wants } from './wants.ts';

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
  /** Where one of these fits, no other version is chosen: the base has it. */
  readonly installed?: readonly Pick<InstalledPackage, 'name' | 'version'>[] | undefined;
}

/** Resolving hundreds of distributions against a slow index takes a minute; behind this nobody is working any more. */
export const TIMEOUT_MS = 900_000;

export const STYLE = ['--no-header', '--no-annotate', '--color', 'never', '--no-progress'];

export interface Asked {
  readonly wants: Wants;
  readonly files: WrittenQuestion;
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

/** Names, or whatever is asked for. */
export type Sources = ReadonlySet<string> | 'all';

/** What may come as source, and who looks into it. */
interface Allowance {
  readonly sources: Sources;
  readonly hooks: HookRunner | undefined;
}

/** Asks for wheels, then once more with each distribution from source that turns out to have none. */
export async function ask(ctx: Context, question: Asked, known: Sources): Promise<void> {
  const { interpreter, options, wants } = question;
  let allowed: Allowance = { sources: known, hooks: undefined };
  await prefer(question.answer, options.installed ?? []);
  for (let round = 0; round < ROUNDS_LIMIT; round++) {
    const { status, stderr, failure, hookOutput } = await runUv(ctx, question, allowed);
    if (failure !== undefined) throw notUv(failure);
    if (status === 0) return;
    const failed = BUILD_FAILED.exec(stderr);
    if (failed && allowed.hooks) throw buildFailed(labelOf(failed[1]), redactText(stderr), hookOutput);
    const more = failed
      ? { ...allowed, hooks: options.hooks }
      : { ...allowed, sources: widened(allowed.sources, stderr, wants.options?.onlyBinary ?? []) };
    if (more.sources === allowed.sources && more.hooks === allowed.hooks)
      throw uvError(redactText(asWritten(stderr, question)), interpreter, options.offline);
    allowed = more;
  }
  throw notUv(`${ROUNDS_LIMIT} distributions without wheels are not the last ones`);
}

/** uv keeps to the versions of the lock that it is to write, where there is one and they fit. */
async function prefer(answer: string, installed: NonNullable<ResolveOptions['installed']>): Promise<void> {
  if (installed.length === 0) return;
  const packages = installed.map(({ name, version }) => `[[packages]]\nname = "${name}"\nversion = "${version}"\n`);
  await writeFile(answer, `lock-version = "1.0"\ncreated-by = "imagespec"\n\n${packages.join('\n')}`);
}

/** Lists by the names that the user knows. */
function asWritten(words: string, { files: { copies } }: Asked): string {
  return [...copies].reduce((text, [path, copy]) => text.replaceAll(copy, path), words);
}

/** Throws `UV_MISSING` when there is none. */
export async function readAnswer(file: string): Promise<Pylock> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw notUv('it ended well, but wrote no lock', cause);
  });
  return parsePylock(text, "uv's answer");
}

/** `crcmod==1.7` or `demo @ git+https://…`, as uv writes it. */
function labelOf(text = 'A source that is named by its URL alone'): string {
  return redactText(text.replace('==', ' '));
}

/**
 * The same when nothing more is needed, or none may come as source.
 * @param only what the user wants as wheels (`--only-binary`)
 */
function widened(sources: Sources, words: string, only: readonly string[]): Sources {
  if (only.includes(':all:')) return sources;
  if (sources === 'all' || NAMELESS.test(words)) return 'all';
  const named = [...words.matchAll(NEEDS_SOURCE)].map(([, first, second]) => first ?? second!);
  const found = named.filter((name) => !only.includes(name));
  return found.every((name) => sources.has(name)) ? sources : new Set([...sources, ...found]);
}

async function runUv(
  ctx: Context,
  { wants, files, interpreter, answer, options }: Asked,
  { sources, hooks }: Allowance,
): Promise<UvEnd> {
  const { scratch, offline } = options;
  const uv = await options.uv();
  const built = sources === 'all' ? [] : [...sources].flatMap((name) => ['--no-binary', name]);
  const choice = sources === 'all' ? sourceChoice(wants) : ['--only-binary', ':all:', ...built];
  const args = ['pip', 'compile', ...files.args, ...choice, ...chosenOptions(wants)];
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

/** Where everything may come as source, what the user says of it. */
function sourceChoice({ options }: Wants): string[] {
  const { noBinary = [], onlyBinary = [] } = options ?? {};
  return [
    ...noBinary.flatMap((name) => ['--no-binary', name]),
    ...onlyBinary.flatMap((name) => ['--only-binary', name]),
  ];
}

function chosenOptions({ options }: Wants): string[] {
  if (!options) return [];
  return [
    ...options.resolver,
    ...options.constraints.flatMap((file) => ['--constraints', file]),
    ...options.overrides.flatMap((file) => ['--overrides', file]),
  ];
}
