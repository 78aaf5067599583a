// A wheel of a source tree or source archive, built by uv with the build requirements that the project names (PEP 517, PEP 518).
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactText } from '../core/redact.ts';
import type { UvCall } from './call-uv.ts';
import { callUv } from './call-uv.ts';
import type { HookRunner } from './hook-calls.ts';
import { normalizeName } from './package-name.ts';
import { bestWheel, compatibleTags, parseWheelFilename } from './tags.ts';

export interface WheelRequest extends Omit<UvCall, 'timeoutMs' | 'hooks'> {
  /** Normalised name (PEP 503) of what is to be built. */
  readonly name: string;
  /** `crcmod 1.7`, for messages. */
  readonly label: string;
  /** Host path of the archive, under its own name, or of the project's folder. */
  readonly path: string;
  readonly offline: boolean;
  readonly hooks: HookRunner;
}

/** Large C++ projects take an hour; behind this nobody waits any more. */
const TIMEOUT_MS = 6 * 3_600_000;

/** Host path of the wheel, below the call's folder. Throws `BUILD_FAILED`, `ABORTED`, and what hooks throw. */
export async function buildWheel(ctx: Context, request: WheelRequest): Promise<string> {
  const { name, label, path, offline, folder, interpreter } = request;
  const out = join(folder, 'out');
  await mkdir(out);
  const args = ['build', '--wheel', path, '--out-dir', out, '--no-create-gitignore', '--color', 'never'];
  args.push('--no-progress', ...(offline ? ['--offline'] : []));
  const end = await callUv(ctx, args, { ...request, timeoutMs: TIMEOUT_MS });
  if (end.status !== 0 && offline && /network was disabled|not found in the cache/.test(end.stderr))
    throw needsNetwork(label);
  if (end.status !== 0) throw buildFailed(label, end.failure ?? redactText(end.stderr), end.hookOutput);
  const wheels = (await readdir(out)).filter((file) => file.endsWith('.whl'));
  const [wheel = ''] = wheels;
  if (wheels.length !== 1) throw buildFailed(label, `its backend made ${wheels.length} wheels instead of one`, '');
  // It comes from a stranger's code.
  if (normalizeName(parseWheelFilename(wheel)?.name ?? '') !== name)
    throw buildFailed(label, `its backend made a wheel of something else, ${wheel}`, '');
  if (!bestWheel([{ filename: wheel }], compatibleTags(interpreter)))
    throw buildFailed(label, `its backend made a wheel for another target, ${wheel}`, '');
  return join(out, wheel);
}

/** What a project needs to be built is not kept from one build to the next. */
function needsNetwork(label: string): ImageSpecError {
  return new ImageSpecError('OFFLINE', `${label} must be built from source, and --offline was given`, {
    hint: 'Build once without --offline: the wheel is kept.',
  });
}

/** What compilers and backends say last is the reason, more often than what they say first. */
const LINES_SHOWN = 12;

/** @param hookOutput of the hook that failed; without one, uv itself tells why */
export function buildFailed(label: string, words: string, hookOutput: string): ImageSpecError {
  const said = (hookOutput || words)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-LINES_SHOWN);
  return new ImageSpecError('BUILD_FAILED', `${label} could not be built from source: ${said.join(' | ')}`, {
    hint: hintOf(hookOutput),
    facts: { package: label },
  });
}

const BY_APT = 'to `apt_packages`, or choose a version that has a wheel.';
/** What is missing in the image, by the words of compilers and backends; the first that fits decides. */
const MISSING: readonly (readonly [words: RegExp, hint: string])[] = [
  [
    /No module named '(?:json|queue|email|logging|unittest)'/,
    `The standard library is missing, as in python3-minimal: add python3 ${BY_APT}`,
  ],
  [/fatal error: Python\.h: No such file/, `The headers of Python are missing: add python3-dev ${BY_APT}`],
  [/fatal error: (\S+\.h\w*): No such file/, `$1 is missing: add the -dev package of Debian that has it ${BY_APT}`],
  [
    /\b(?:gcc|g\+\+|cc|c\+\+|clang)'? failed: No such file|(?:gcc|cc|c\+\+|clang): (?:command )?not found|No CMAKE_CXX?_COMPILER|Unknown compiler|unable to execute '\S*(?:cc|\+\+)'|No such file or directory: '\S*(?:cc|\+\+)'/,
    `A compiler is missing: add build-essential ${BY_APT}`,
  ],
  [/\bcargo\b.*not (?:found|installed)|can't find Rust compiler/i, `Rust is missing: add cargo ${BY_APT}`],
  [/\bpkg-config\b.*(?:not found|No such file)|pkg-config is required/i, `pkg-config is missing: add it ${BY_APT}`],
  [/\b([\w-]+[-_]config)\b.*not found/i, `$1 is missing: add the -dev package of Debian that has it ${BY_APT}`],
  [
    /\bgit\b.*(?:not found|No such file|not be found)|setuptools-scm was unable to detect version/i,
    `The project asks git for its version: add git ${BY_APT}`,
  ],
];

function hintOf(output: string): string {
  for (const [words, hint] of MISSING) {
    const [found, name] = words.exec(output) ?? [];
    if (found !== undefined) return hint.replace('$1', name ?? '');
  }
  return `What it needs in the image comes by adding it ${BY_APT}`;
}
