// The Python of a base image, found as a shell in it would find it, but in the base's facts: nothing of the base is run.
import { posix } from 'node:path';
import { ImageSpecError } from '../core/error.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import { resolvePath } from '../filesystem/resolve.ts';
import type { Platform } from '../oci/platform.ts';
import { normalizePlatform, printPlatform } from '../oci/platform.ts';
import { captureForPackages, installedPackages } from './base-packages.ts';
import { captureForLibc, findLibc } from './find-libc.ts';
import type { Interpreter } from './interpreter.ts';
import { minorVersion } from './interpreter.ts';

/** Of Debian and most others, for images that set none. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Both are files of a few lines. */
const SMALL_FILE_LIMIT_BYTES = 64 << 10;
const PATCHLEVEL = /^(?:.*\/)?include\/python3\.\d+t?\/patchlevel\.h$/;
const VENV_CONFIG = /^(?:.*\/)?pyvenv\.cfg$/;

/** How many bytes of a base's file must be kept for `findInterpreter`, or undefined when it is not needed. */
export function captureForInterpreter(path: string): number | undefined {
  if (PATCHLEVEL.test(path) || VENV_CONFIG.test(path)) return SMALL_FILE_LIMIT_BYTES;
  return captureForPackages(path) ?? captureForLibc(path);
}

/**
 * The interpreter on the image's PATH: `python3.X` of the wanted version first, then `python3`, `python`, and any other.
 *
 * The full version comes from the interpreter's own `patchlevel.h`, the package that installed it, or the `PYTHON_VERSION` of official
 * images; where none of them tells, it is the wanted one or, not to promise too much, the `.0` of its minor version.
 * @param env `Env` of the image's config
 * @param wanted `3.12` or `3.12.1`; any version when left out
 * @param path of the one that is meant, absolute; looked for when left out
 * Throws `INTERPRETER_MISSING`, and `NOT_SUPPORTED` for platforms that are not Linux.
 */
export function findInterpreter(
  facts: BaseFacts,
  env: readonly string[],
  platform: Platform,
  wanted?: string,
  path?: string,
): Interpreter {
  const folders = (variable(env, 'PATH') ?? DEFAULT_PATH).split(':').filter((folder) => folder.startsWith('/'));
  const look = (programs: readonly Program[]): Interpreter[] => describe(facts, env, platform, programs, wanted);
  const named = path === undefined ? undefined : programAt(facts, path);
  if (path !== undefined && !named) throw notAt(path, look(findPrograms(facts, folders, wanted)), wanted);
  const found = look(named ? [named] : findPrograms(facts, folders, wanted));
  const fitting = found.find(({ version }) => fits(version, wanted));
  if (!fitting) throw missing(found, folders, wanted);
  return fitting;
}

/** Whether a full version is the one that is asked for as `3.12` or `3.12.1`. */
export function fits(version: string, wanted: string | undefined): boolean {
  return wanted === undefined || version === wanted || version.startsWith(`${wanted}.`);
}

function describe(
  facts: BaseFacts,
  env: readonly string[],
  platform: Platform,
  programs: readonly Program[],
  wanted: string | undefined,
): Interpreter[] {
  const machine = machineOf(platform);
  const packages = installedPackages(facts);
  const libc = findLibc(facts, packages);
  return programs.map((program): Interpreter => {
    const { path, minor, freeThreaded } = program;
    const prefix = prefixOf(path);
    const known = [
      patchlevelOf(facts, program),
      prefix === '/usr' ? packagedVersion(packages, minor) : undefined,
      variable(env, 'PYTHON_VERSION'),
      wanted,
    ].find((version) => version !== undefined && FULL_VERSION.test(version) && minorVersion(version) === minor);
    return { version: known ?? `${minor}.0`, path, prefix, machine, libc, freeThreaded };
  });
}

const FULL_VERSION = /^\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?$/;

/** `platform.machine()` by GOARCH and variant. */
const MACHINES: Readonly<Record<string, string>> = {
  'linux/amd64': 'x86_64',
  'linux/arm64': 'aarch64',
  'linux/386': 'i686',
  'linux/arm/v7': 'armv7l',
  'linux/arm/v6': 'armv6l',
  'linux/ppc64le': 'ppc64le',
  'linux/s390x': 's390x',
  'linux/riscv64': 'riscv64',
  'linux/loong64': 'loongarch64',
};

/** As `platform.machine()` says it. Throws `NOT_SUPPORTED`. */
export function machineOf(platform: Platform): string {
  const { os, architecture } = normalizePlatform(platform);
  const name = printPlatform(normalizePlatform(platform));
  // Variants of other architectures (amd64/v3) bear the same tags.
  const machine = MACHINES[architecture === 'arm' ? name : `${os}/${architecture}`];
  if (machine) return machine;
  throw new ImageSpecError('NOT_SUPPORTED', `Python packages cannot be installed for ${name}`, {
    hint: `Choose one of ${Object.keys(MACHINES).join(', ')}.`,
    facts: { platform: name },
  });
}

/** The value of `NAME=value`. */
function variable(env: readonly string[], name: string): string | undefined {
  return env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

interface Program {
  /** Absolute, no symlink. */
  readonly path: string;
  readonly minor: string;
  readonly freeThreaded: boolean;
}

/** In the order in which they are to be taken, each program once. */
function findPrograms(facts: BaseFacts, folders: readonly string[], wanted: string | undefined): Program[] {
  const wantedMinor = minorVersion(wanted ?? '');
  const numbered = [...facts.entries.keys()].flatMap((path) => /\/(python3\.\d+t?)$/.exec(path)?.[1] ?? []);
  const newestFirst = numbered.sort((a, b) => Number.parseInt(b.slice(8), 10) - Number.parseInt(a.slice(8), 10));
  const names = [`python${wantedMinor}`, `python${wantedMinor}t`, 'python3', 'python', ...newestFirst];
  const programs = [...new Set(names)].flatMap((name) =>
    folders.flatMap((folder) => programAt(facts, `${folder}/${name}`) ?? []),
  );
  return [...new Map(programs.map((program) => [program.path, program])).values()];
}

function programAt(facts: BaseFacts, path: string): Program | undefined {
  const found = executableAt(facts, path);
  const home = found && venvHome(facts, prefixOf(found));
  const real = home ? executableAt(facts, `${home}/${posix.basename(path)}`) : found;
  if (real === undefined) return undefined;
  const [, minor, t] =
    /^python(3\.\d+)(t?)$/.exec(posix.basename(real)) ?? standardLibrary(facts, prefixOf(real)) ?? [];
  return minor === undefined ? undefined : { path: `/${real}`, minor, freeThreaded: t === 't' };
}

/** Where the path leads, if to a program. */
function executableAt(facts: BaseFacts, path: string): string | undefined {
  const real = resolvePath(facts, path, { follow: true });
  const entry = facts.entries.get(real);
  const isFile = entry?.type === 'file' || entry?.type === 'hardlink';
  return isFile && (entry.mode & 0o111) !== 0 ? real : undefined;
}

/** `usr/local` of `usr/local/bin/python3.12`. */
function prefixOf(program: string): string {
  return posix.dirname(posix.dirname(program));
}

/** A virtual environment made of copies says where its interpreter is (PEP 405); one made of links was followed already. */
function venvHome(facts: BaseFacts, prefix: string): string | undefined {
  return /^\s*home\s*=\s*(\/.*?)\s*$/m.exec(textOf(facts, `${prefix}/pyvenv.cfg`))?.[1];
}

/** The version by the folder of the standard library, for programs that do not bear it in their name. */
function standardLibrary({ entries }: BaseFacts, prefix: string): RegExpExecArray | undefined {
  for (const path of entries.keys()) {
    const found =
      path.startsWith(`${prefix}/lib`) && /^\/lib(?:64)?\/python(3\.\d+)(t?)\/os\.py$/.exec(path.slice(prefix.length));
    if (found) return found;
  }
  return undefined;
}

function patchlevelOf(facts: BaseFacts, { path, minor, freeThreaded }: Program): string | undefined {
  const header = `${prefixOf(path.slice(1))}/include/python${minor}${freeThreaded ? 't' : ''}/patchlevel.h`;
  return /^#define PY_VERSION\s+"([^"+]+)/m.exec(textOf(facts, header))?.[1];
}

/** The version of the package that has the interpreter, at Debian, Alpine and Wolfi. */
function packagedVersion(packages: ReadonlyMap<string, string>, minor: string): string | undefined {
  const names = [`python${minor}-minimal`, `python${minor}`, `libpython${minor}-minimal`, `python-${minor}`, 'python3'];
  const version = names.map((name) => packages.get(name)).find((found) => found?.startsWith(`${minor}.`));
  return version && /^(\d+\.\d+\.\d+)(?:[~_]?((?:a|b|rc)\d+))?/.exec(version)?.slice(1).join('');
}

function textOf({ captured }: BaseFacts, path: string): string {
  return new TextDecoder().decode(captured.get(path));
}

function missing(found: readonly Interpreter[], folders: readonly string[], wanted?: string): ImageSpecError {
  const facts = { wanted, searched: folders.join(':') };
  if (found.length === 0 || !wanted) {
    return new ImageSpecError('INTERPRETER_MISSING', `The base image has no Python 3 in ${folders.join(', ')}`, {
      hint: `Set base_image to an image with Python, such as python:${wanted ?? '3.13'}-slim.`,
      facts,
    });
  }
  const list = listed(found);
  const others = [...new Set(found.map(({ version }) => minorVersion(version)))].join(' or ');
  return new ImageSpecError(
    'INTERPRETER_MISSING',
    `The base image has Python ${list}, but python_version is ${wanted}`,
    {
      hint: `Set base_image to an image with that version, such as python:${wanted}-slim, or python_version to ${others}.`,
      facts,
    },
  );
}

const listed = (found: readonly Interpreter[]): string =>
  found.map(({ version, path }) => `${version} (${path})`).join(' and ');

function notAt(path: string, others: readonly Interpreter[], wanted: string | undefined): ImageSpecError {
  const there = others.length > 0 ? `There is Python ${listed(others)}: name one of these` : 'It has no other either';
  return new ImageSpecError('INTERPRETER_MISSING', `The image has no Python at ${path}, which python_exec names`, {
    hint: `${there}, or leave out \`python_exec\`, so that a Python is found or brought.`,
    facts: { wanted, path },
  });
}
