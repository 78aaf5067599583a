// A lock that a user brings: with what it stands, and what may be asked for beside it.
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ImageSpecError } from '../core/error.ts';
import { contentHashes, parsePoetryProject } from './poetry-project.ts';
import { parsePoetryLock } from './poetry-lock.ts';
import type { Project } from './project-file.ts';
import { parseProject } from './project-file.ts';
import type { Reading } from './requirement-files.ts';
import { requireKnown, selectionOf } from './selection.ts';
import { readSettings } from './uv-settings.ts';
import { readTextFile } from './text-file.ts';
import type { Wants } from './wants.ts';

/** Whether the file says all that is to be installed: a lock of uv, poetry, or the standard kind (PEP 751, "File Name"). */
export function isLockFile(path: string): boolean {
  return isUvLock(path) || isPoetryLock(path) || /^pylock(?:\.[^.]+)?\.toml$/.test(basename(path));
}

export function isUvLock(path: string): boolean {
  return basename(path) === 'uv.lock';
}

export function isPoetryLock(path: string): boolean {
  return basename(path) === 'poetry.lock';
}

/**
 * Reads what stands in a lock and beside it. Throws `REQUIREMENTS_NOT_FOUND`, `REQUIREMENTS_INVALID` for names that the project does not have and
 * a lock that is not of this project any more, and `NOT_SUPPORTED` for whatever is asked for beside it.
 */
export async function readLock(reading: Reading, file: string, wants: Wants): Promise<void> {
  requireAlone(wants, file);
  reading.files.push(file);
  const text = await readTextFile(file, `The lock file ${file}`);
  reading.folders.push(...(await foldersIn(text, file)));
  if (!isUvLock(file) && !isPoetryLock(file)) return;
  const beside = join(dirname(file), 'pyproject.toml');
  const content = await readTextFile(beside, projectMissing(file, beside));
  reading.files.push(beside);
  if (isPoetryLock(file)) return checkPoetry(reading, { text, file, content, beside, wants });
  const project = checkUv(content, beside, wants);
  await readSettings(reading, project, dirname(file));
  addIndexes(
    reading,
    file,
    [...text.matchAll(REGISTRY)].map(([, url = '']) => url),
  );
}

const REGISTRY = /^source = \{ registry = "(https?:[^"\\]+)" \}/gm;

function addIndexes({ lines }: Reading, where: string, urls: readonly string[]): void {
  for (const url of new Set(urls)) lines.push({ line: { kind: 'index', url }, where, limits: false });
}

/** In flytekit's words (default_builder.py, as the next ones). */
function projectMissing(file: string, beside: string): string {
  return `To use ${basename(file)}, a pyproject.toml file must be in the same directory as the lock file, but ${beside}`;
}

function checkUv(content: string, beside: string, wants: Wants): Project {
  const { extras, groups } = selectionOf(wants);
  const project = parseProject(content, beside);
  requireKnown('extra', extras, Object.keys(project.project?.['optional-dependencies'] ?? {}), beside);
  requireKnown('group', groups, groupsOf(project), beside);
  return project;
}

function groupsOf({ 'dependency-groups': groups, tool }: Project): string[] {
  return [...Object.keys(groups), ...(tool?.uv?.['dev-dependencies'] ? ['dev'] : [])];
}

interface PoetryFiles {
  readonly text: string;
  readonly file: string;
  readonly content: string;
  readonly beside: string;
  readonly wants: Wants;
}

function checkPoetry(reading: Reading, { text, file, content, beside, wants }: PoetryFiles): void {
  const lock = parsePoetryLock(text, file);
  const project = parsePoetryProject(content, beside);
  const expected = lock.metadata['content-hash'];
  if (expected === undefined || !contentHashes(content).includes(expected))
    throw new ImageSpecError('REQUIREMENTS_INVALID', `${beside} has changed since ${file} was made`, {
      hint: 'Run "poetry lock".',
    });
  const { extras, groups } = selectionOf(wants);
  requireKnown('extra', extras, [...project.extras.keys()], beside);
  requireKnown('group', groups, [...project.groups.keys()], beside);
  const indexes = lock.package.flatMap(({ source }) => (source?.type === 'legacy' ? [source] : []));
  for (const { reference = '', url } of indexes) {
    if (!reading.indexes.some((one) => one.name === reference && one.url === url))
      reading.indexes.push({ name: reference, url });
  }
}

/** How the three kinds of locks write a project of this host, of the text alone: whether it is installed is told by resolution. */
const FOLDERS = [
  /^source = \{ (?:editable|directory) = "([^"\\]+)" \}/gm,
  /^type = "directory"\nurl = "([^"\\]+)"/gm,
  /^\s*directory\s*=\s*\{[^}\n]*\bpath\s*=\s*"([^"\\]+)"/gm,
];

/** Absolute paths; of the locks of all platforms and purposes, those that are there. */
async function foldersIn(text: string, file: string): Promise<string[]> {
  const written = FOLDERS.flatMap((pattern) => [...text.matchAll(pattern)].map(([, path = '']) => path));
  const paths = written.map((path) => resolve(dirname(file), path));
  const all = [...new Set(paths)].filter((path) => path !== dirname(file)).sort();
  const found = await Promise.all(all.map((path) => stat(path).catch(() => undefined)));
  return all.filter((_, index) => found[index]?.isDirectory());
}

/** A lock is complete as it is. */
function requireAlone({ packages, untaggedPackages = [], options }: Wants, file: string): void {
  if (packages.length + untaggedPackages.length > 0)
    throw notSupported(
      `Support for ${basename(file)} files and packages is mutually exclusive: packages were asked for beside ${file}`,
      'Add the packages to what the lock is made of, lock again, and leave "packages" empty.',
    );
  if (!options) return;
  const { resolver, constraints, overrides, noBinary, onlyBinary } = options;
  const [first] = [...resolver, ...constraints, ...overrides, ...noBinary, ...onlyBinary];
  if (first !== undefined)
    throw notSupported(
      `\`pip_extra_args\` says how packages are chosen (${first}), but ${file} has chosen them already`,
      'Give the option to the program that locks, and leave it out here.',
    );
}

/** Leaving something out is a matter of locks that tell what is what. Throws `NOT_SUPPORTED`. */
export function requireLeavable({ requirementsFile: file, options }: Wants): void {
  if (!options || (file !== undefined && isUvLock(file))) return;
  const { names, folders } = options.left;
  const isPoetry = file !== undefined && isPoetryLock(file);
  if (names.length === 0 && (folders === 'none' || (folders === 'all' && isPoetry))) return;
  throw notSupported(
    `\`pip_extra_args\` leaves packages out, which ${file === undefined ? 'needs a uv.lock' : `${file} does not allow`}`,
    'Leave them out of the requirements, or lock with uv.',
  );
}

function notSupported(message: string, hint: string): ImageSpecError {
  return new ImageSpecError('NOT_SUPPORTED', message, { hint });
}
