// What the user wants installed, and every file that says so: their content is part of what an image is made of.
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { Digest } from '../core/digest.ts';
import type { ErrorCode } from '../core/error.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactText } from '../core/redact.ts';
import type { RequirementLine } from './requirement-lines.ts';
import { logicalLines, parseRequirementLine } from './requirement-lines.ts';
import { dependenciesIn, isProjectFile } from './project-file.ts';
import { readTextFile } from './text-file.ts';

export interface Wants {
  /** Requirements (PEP 508), one each. */
  readonly packages: readonly string[];
  /** Absolute path of a requirements file, lock, pyproject.toml or script. */
  readonly requirementsFile?: string;
  /** May hold credentials, as all index URLs. */
  readonly pipIndex?: string;
  readonly pipExtraIndexUrls: readonly string[];
}

export interface Requirements {
  /** Absolute paths of all requirements, constraints and lock files, each once, the first one first. */
  readonly files: readonly string[];
  /** Normalised names that the user asked for, rather than another package. */
  readonly requested: ReadonlySet<string>;
  /** Normalised names of what was asked for by the URL of its source. */
  readonly sources: ReadonlySet<string>;
  /** Whether there are sources whose names are not known. */
  readonly hasNameless: boolean;
  /** By normalised name: the digests one of which the distribution must have. */
  readonly hashes: ReadonlyMap<string, ReadonlySet<Digest>>;
  /** `--require-hashes`: no distribution without one of `hashes`. */
  readonly requireHashes: boolean;
  /** Index and find-links lines, as written. May hold credentials: not for messages, keys or locks. */
  readonly indexUrls: readonly string[];
}

/** Includes within includes: more is a mistake. */
const FILES_LIMIT = 100;

/** Whether the file says all that is to be installed: `pylock.toml`, `pylock.<name>.toml` (PEP 751, "File Name") or `uv.lock`. */
export function isLockFile(path: string): boolean {
  return isUvLock(path) || /^pylock(?:\.[^.]+)?\.toml$/.test(basename(path));
}

export function isUvLock(path: string): boolean {
  return basename(path) === 'uv.lock';
}

/** Files that look like a list of requirements and are none, with the way to make one of them. */
const OTHER_FILES: readonly (readonly [name: RegExp, hint: string])[] = [
  [/^poetry\.lock$/, 'Run "poetry export -o requirements.txt" and name that file.'],
  [/^pdm\.lock$/, 'Run "pdm export -f pylock -o pylock.toml" and name that file.'],
  [/^Pipfile(?:\.lock)?$/, 'Run "pipenv requirements --hash > requirements.txt" and name that file.'],
  [
    /\.(?:toml|lock|ya?ml|json|cfg)$/,
    'Name a requirements.txt, a pyproject.toml, a script with a header of dependencies, a uv.lock or a pylock.toml.',
  ],
];

/**
 * Reads what is wanted, with all files included. Throws `REQUIREMENTS_NOT_FOUND`, `REQUIREMENTS_INVALID` and `NOT_SUPPORTED`,
 * each naming file and line.
 */
export async function readRequirements({ packages, requirementsFile }: Wants): Promise<Requirements> {
  const reading: Reading = { files: [], lines: [] };
  for (const [index, text] of packages.entries()) {
    const line = /^-|[\r\n]/.test(text.trim())
      ? { kind: 'invalid' as const, what: text }
      : parseRequirementLine(text.trim());
    reading.lines.push({ line, where: `packages[${index}]`, limits: false });
  }
  if (requirementsFile !== undefined) {
    const hint = OTHER_FILES.find(([name]) => name.test(basename(requirementsFile)))?.[1];
    if (isLockFile(requirementsFile)) {
      if (packages.length > 0) throw besideLock(requirementsFile);
      reading.files.push(requirementsFile);
      // uv reads the lock together with what it is the lock of.
      if (isUvLock(requirementsFile)) reading.files.push(await projectBeside(requirementsFile));
    } else if (isProjectFile(requirementsFile)) await readProject(reading, requirementsFile);
    else if (hint !== undefined) throw notSupported(`${requirementsFile} cannot be read as requirements yet`, hint);
    else await readList(reading, requirementsFile, [], false);
  }
  refuse(reading.lines);
  return summary(reading);
}

interface PlacedLine {
  readonly line: RequirementLine;
  /** `/app/requirements.txt:3` */
  readonly where: string;
  /** In a constraints file: limits versions, but asks for nothing. */
  readonly limits: boolean;
}

interface Reading {
  readonly files: string[];
  readonly lines: PlacedLine[];
}

/** @param trail the files that include this one, the outermost first, with the line */
async function readList(
  reading: Reading,
  file: string,
  trail: readonly { readonly file: string; readonly where: string }[],
  limits: boolean,
): Promise<void> {
  const from = trail.at(-1)?.where;
  if (trail.some((one) => one.file === file)) {
    throw invalid(`${from} includes ${file}, which includes itself`, 'Remove one of the two lines.');
  }
  if (reading.files.includes(file)) return;
  if (reading.files.length >= FILES_LIMIT) throw invalid(`${from} is one of more than ${FILES_LIMIT} included files`);
  const what = from === undefined ? `The requirements file ${file}` : `${file}, which ${from} includes,`;
  const content = await readTextFile(file, what);
  reading.files.push(file);
  for (const { number, text } of logicalLines(content)) {
    const where = `${file}:${number}`;
    const line = parseRequirementLine(text);
    reading.lines.push({ line, where, limits });
    if (line.kind !== 'include') continue;
    if (/:\/\/|\$\{/.test(line.path)) {
      const hint = 'Download the file, and include that: what it says is part of what the image is made of.';
      throw notSupported(`${where} includes ${redactText(line.path)}, which is not a file beside it`, hint);
    }
    const path = isAbsolute(line.path) ? line.path : join(dirname(file), line.path);
    await readList(reading, path, [...trail, { file, where }], limits || line.limits);
  }
}

async function projectBeside(lock: string): Promise<string> {
  const file = join(dirname(lock), 'pyproject.toml');
  await readTextFile(file, `${file}, which ${lock} is the lock of,`);
  return file;
}

async function readProject(reading: Reading, file: string): Promise<void> {
  const content = await readTextFile(file, `The requirements file ${file}`);
  reading.files.push(file);
  for (const [index, text] of dependenciesIn(content, file).entries()) {
    const line = parseRequirementLine(text.trim());
    reading.lines.push({ line, where: `${file}, dependencies[${index}],`, limits: false });
  }
}

/** Throws the lines that cannot be done, all at once. */
function refuse(lines: readonly PlacedLine[]): void {
  const invalidLines = lines.flatMap(({ line, where }) =>
    line.kind === 'invalid' ? [`${where} is not understood: ${redactText(line.what)}`] : [],
  );
  if (invalidLines.length > 0)
    throw all('REQUIREMENTS_INVALID', invalidLines, 'Write a name with an optional version, such as numpy>=2.');
  const refused = lines.flatMap(({ line, where }) => (line.kind === 'refused' ? [{ ...line, where }] : []));
  if (refused.length === 0) return;
  throw all(
    'NOT_SUPPORTED',
    refused.map(({ where, what }) => `${where} asks for ${what}, which is not supported`),
    refused[0]?.hint,
  );
}

function all(code: ErrorCode, issues: readonly string[], hint: string | undefined): ImageSpecError {
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return new ImageSpecError(code, `${issues[0]}${more}`, { hint, issues });
}

function summary({ files, lines }: Reading): Requirements {
  const hashes = new Map<string, Set<Digest>>();
  const requested = new Set<string>();
  const sources = new Set<string>();
  let hasNameless = false;
  for (const { line, limits } of lines) {
    if (line.kind !== 'package' && line.kind !== 'source') continue;
    const { name } = line;
    if (name === undefined) hasNameless = true;
    else {
      if (!limits) requested.add(name);
      if (line.kind === 'source') sources.add(name);
      if (line.hashes.length > 0) hashes.set(name, new Set([...(hashes.get(name) ?? []), ...line.hashes]));
    }
  }
  const indexUrls = lines.flatMap(({ line }) => (line.kind === 'index' ? [line.url] : []));
  const requireHashes = lines.some(({ line }) => line.kind === 'require-hashes');
  return { files, requested, sources, hasNameless, hashes, requireHashes, indexUrls };
}

function besideLock(file: string): ImageSpecError {
  const hint = 'Add the packages to what the lock is made of, lock again, and leave "packages" empty.';
  return notSupported(`Packages were asked for beside ${file}, which is complete as it is`, hint);
}

function invalid(message: string, hint?: string): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_INVALID', message, { hint });
}

function notSupported(message: string, hint: string): ImageSpecError {
  return new ImageSpecError('NOT_SUPPORTED', message, { hint });
}
