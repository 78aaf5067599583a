// What the user wants installed, and every file that says so: their content is part of what an image is made of.
import { basename, dirname } from 'node:path';
import type { Digest } from '../core/digest.ts';
import type { ErrorCode } from '../core/error.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactText } from '../core/redact.ts';
import { neighbours } from './local-source.ts';
import type { Selection } from './markers.ts';
import type { ProjectLine } from './project-file.ts';
import { dependenciesOf, isProjectFile, isProjectToml, parseProject, parseScript } from './project-file.ts';
import type { ListLine, NamedIndex, PlacedLine, Reading } from './requirement-files.ts';
import { addLocal, newReading, readLine, readList } from './requirement-files.ts';
import { isLockFile, readLock, requireLeavable } from './lock-requirements.ts';
import { readSettings } from './uv-settings.ts';
import type { Wants } from './wants.ts';
import { noProject, selectionOf } from './selection.ts';
import { readTextFile } from './text-file.ts';

export interface Requirements {
  /** Absolute paths of all requirements, constraints and lock files, each once, the first one first. */
  readonly files: readonly string[];
  /** Absolute paths of projects of this host, each once, as far as they can be told before resolution. */
  readonly folders: readonly string[];
  /** The same of wheels and source archives. */
  readonly archives: readonly string[];
  /** Package indexes that a project or lock names, beside `indexUrls`. */
  readonly indexes: readonly NamedIndex[];
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
  readonly question: Question;
}

/** What uv reads. */
export interface Question {
  /** Requirements of no file, one each, with absolute paths. */
  readonly packages: readonly string[];
  /** Absolute path of what it reads as it is. */
  readonly file?: string;
  /** In place of a file: lists by their paths, the first one first. */
  readonly lists?: ReadonlyMap<string, readonly ListLine[]>;
  /** Extras and groups, as options. */
  readonly selection: readonly string[];
}

/** Files that look like a list of requirements and are none, with the way to make one of them. */
const OTHER_FILES: readonly (readonly [name: RegExp, hint: string])[] = [
  [/^pdm\.lock$/, 'Run "pdm export -f pylock -o pylock.toml" and name that file.'],
  [/^Pipfile(?:\.lock)?$/, 'Run "pipenv requirements --hash > requirements.txt" and name that file.'],
  [
    /\.(?:toml|lock|ya?ml|json|cfg)$/,
    'Name a requirements.txt, a pyproject.toml, a script with a header of dependencies, a uv.lock, a poetry.lock or a pylock.toml.',
  ],
];

/**
 * Reads what is wanted, with all files included. Throws `REQUIREMENTS_NOT_FOUND`, `REQUIREMENTS_INVALID` and `NOT_SUPPORTED`,
 * each naming file and line.
 */
export async function readRequirements(wants: Wants): Promise<Requirements> {
  const { requirementsFile: file, options } = wants;
  requireLeavable(wants);
  const reading = newReading();
  const packages = await readPackages(reading, wants);
  let read: Omit<Question, 'packages'> = { selection: [] };
  if (file !== undefined && isLockFile(file)) {
    await readLock(reading, file, wants);
  } else if (file !== undefined && isProjectToml(file)) {
    read = await readProject(reading, file, selectionOf(wants));
  } else {
    if (hasSelection(wants)) throw noProject(file);
    if (file !== undefined) read = await readOther(reading, file);
  }
  for (const one of [...(options?.constraints ?? []), ...(options?.overrides ?? [])])
    await readList(reading, one, [], true);
  refuse(reading.lines);
  return { ...summary(reading, options?.requireHashes ?? false), question: { packages, ...read } };
}

function hasSelection({ extras = [], groups = [] }: Wants): boolean {
  return extras.length + groups.length > 0;
}

async function readPackages(
  reading: Reading,
  { packages, untaggedPackages = [], folder = '/' }: Wants,
): Promise<string[]> {
  const own: string[] = [];
  for (const [field, texts] of Object.entries({ packages, untagged_packages: untaggedPackages })) {
    for (const [index, text] of texts.entries()) {
      const where = `${field}[${index}]`;
      if (/^-(?!e|-editable)|[\r\n]/.test(text.trim()))
        reading.lines.push({ line: { kind: 'invalid', what: text }, where, limits: false });
      else own.push((await readLine(reading, text.trim(), { where, folder, limits: false })).own);
    }
  }
  return own;
}

/** A list, or the header of a script. */
async function readOther(reading: Reading, file: string): Promise<Omit<Question, 'packages'>> {
  if (isProjectFile(file)) {
    const content = await readTextFile(file, `The requirements file ${file}`);
    reading.files.push(file);
    const script = parseScript(content, file);
    await readProjectLines(reading, file, script.lines);
    for (const local of await neighbours(script, dirname(file))) await addLocal(reading, local);
    return { file, selection: [] };
  }
  const hint = OTHER_FILES.find(([name]) => name.test(basename(file)))?.[1];
  if (hint !== undefined) throw notSupported(`${file} cannot be read as requirements yet`, hint);
  await readList(reading, file, [], false);
  return { ...(reading.isRewritten ? { lists: reading.texts } : { file }), selection: [] };
}

async function readProject(reading: Reading, file: string, selection: Selection): Promise<Omit<Question, 'packages'>> {
  const project = parseProject(await readTextFile(file, `The requirements file ${file}`), file);
  reading.files.push(file);
  await readProjectLines(reading, file, dependenciesOf(project, file, selection));
  for (const local of await neighbours(project, dirname(file))) await addLocal(reading, local);
  await readSettings(reading, project, dirname(file));
  const { extras, groups } = selection;
  const options = [
    // Its own settings hold: above all its indexes.
    '--project',
    dirname(file),
    ...extras.flatMap((one) => ['--extra', one]),
    ...groups.flatMap((one) => ['--group', `${file}:${one}`]),
  ];
  return { ...(project.project && { file }), selection: options };
}

async function readProjectLines(reading: Reading, file: string, lines: readonly ProjectLine[]): Promise<void> {
  for (const { text, place } of lines)
    await readLine(reading, text.trim(), { where: `${file}, ${place},`, folder: dirname(file), limits: false });
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

function summary(
  { files, folders, archives, indexes, lines }: Reading,
  mustHash: boolean,
): Omit<Requirements, 'question'> {
  const hashes = new Map<string, Set<Digest>>();
  const requested = new Set<string>();
  const sources = new Set<string>();
  let hasNameless = false;
  for (const { line, local, limits } of lines) {
    if (line.kind !== 'package' && line.kind !== 'source' && line.kind !== 'local') continue;
    const name = line.name ?? local?.name;
    if (name === undefined) hasNameless = true;
    else {
      if (!limits) requested.add(name);
      if (line.kind === 'source' || (local && local.kind !== 'wheel')) sources.add(name);
      if (line.hashes.length > 0) hashes.set(name, new Set([...(hashes.get(name) ?? []), ...line.hashes]));
    }
  }
  const indexUrls = lines.flatMap(({ line }) => (line.kind === 'index' ? [line.url] : []));
  const requireHashes = mustHash || lines.some(({ line }) => line.kind === 'require-hashes');
  return { files, folders, archives, indexes, requested, sources, hasNameless, hashes, requireHashes, indexUrls };
}

function notSupported(message: string, hint: string): ImageSpecError {
  return new ImageSpecError('NOT_SUPPORTED', message, { hint });
}
