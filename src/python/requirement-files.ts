// Lists of requirements with all files that they include, line by line, each relative to its own file.
import { dirname, isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ImageSpecError } from '../core/error.ts';
import { redactText } from '../core/redact.ts';
import type { LocalSource } from './local-source.ts';
import { findLocal, withNeighbours } from './local-source.ts';
import type { RequirementLine } from './requirement-lines.ts';
import { logicalLines, parseRequirementLine, withoutEditable } from './requirement-lines.ts';
import { readTextFile } from './text-file.ts';

export interface PlacedLine {
  readonly line: RequirementLine;
  /** What the line names on this host. */
  readonly local?: LocalSource | undefined;
  /** `/app/requirements.txt:3` */
  readonly where: string;
  /** In a constraints file: limits versions, but asks for nothing. */
  readonly limits: boolean;
}

export interface Reading {
  /** Absolute paths of all files, each once. */
  readonly files: string[];
  readonly lines: PlacedLine[];
  /** The lists as uv must read them where that is not as they are, since for it paths start in the working directory. */
  readonly texts: Map<string, readonly ListLine[]>;
  /** Absolute paths of projects of this host, each once. */
  readonly folders: string[];
  /** Absolute paths of wheels and source archives of this host, each once. */
  readonly archives: string[];
  /** Package indexes that a project or lock names. */
  readonly indexes: NamedIndex[];
  /** Whether some text is not as it is in the file. */
  isRewritten: boolean;
}

export interface NamedIndex {
  /** By which variables with its credentials are known. */
  readonly name: string;
  readonly url: string;
}

export function newReading(): Reading {
  return { files: [], lines: [], texts: new Map(), folders: [], archives: [], indexes: [], isRewritten: false };
}

/** A line for uv: with absolute paths, or an include of this file. */
export type ListLine = { readonly text: string } | { readonly include: string; readonly limits: boolean };

/** Includes within includes: more is a mistake. */
const FILES_LIMIT = 100;

/**
 * Reads a list and what it includes. Throws `REQUIREMENTS_NOT_FOUND`, `REQUIREMENTS_INVALID` and `NOT_SUPPORTED`.
 * @param trail the files that include this one, the outermost first, with the line
 */
export async function readList(
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
  const texts: ListLine[] = [];
  reading.texts.set(file, texts);
  for (const { number, text } of logicalLines(content)) {
    const where = `${file}:${number}`;
    const { line, own } = await readLine(reading, text, { where, folder: dirname(file), limits });
    if (line.kind !== 'include') {
      texts.push({ text: own });
      continue;
    }
    const path = includedPath(line.path, where, dirname(file));
    texts.push({ include: path, limits: line.limits });
    await readList(reading, path, [...trail, { file, where }], limits || line.limits);
  }
}

interface Place {
  readonly where: string;
  /** Absolute; where relative paths start. */
  readonly folder: string;
  readonly limits: boolean;
}

/** One line, and the text of it for uv. */
export async function readLine(
  reading: Reading,
  text: string,
  { where, folder, limits }: Place,
): Promise<{ readonly line: RequirementLine; readonly own: string }> {
  const line = parseRequirementLine(text);
  if (line.kind !== 'local') {
    reading.lines.push({ line, where, limits });
    // For uv, only a folder of this host can be editable.
    const own = line.kind === 'source' ? withoutEditable(text) : text;
    reading.isRewritten ||= own !== text;
    return { line, own };
  }
  const local = await findLocal(isAbsolute(line.path) ? line.path : join(folder, line.path), where);
  reading.lines.push({ line, local, where, limits });
  await addLocal(reading, local);
  reading.isRewritten = true;
  return { line, own: line.at(pathToFileURL(local.path).href) };
}

/** What decides what it asks for, with all that it leads to. */
export async function addLocal({ files, folders, archives }: Reading, first: LocalSource): Promise<void> {
  const add = (list: string[], path: string): unknown => list.includes(path) || list.push(path);
  for (const local of await withNeighbours(first)) {
    for (const file of local.files) add(files, file);
    add(local.kind === 'folder' ? folders : archives, local.path);
  }
}

/** Host path of a file that a line includes. */
function includedPath(path: string, where: string, folder: string): string {
  if (!/:\/\/|\$\{/.test(path)) return isAbsolute(path) ? path : join(folder, path);
  throw new ImageSpecError('NOT_SUPPORTED', `${where} includes ${redactText(path)}, which is not a file beside it`, {
    hint: 'Download the file, and include that: what it says is part of what the image is made of.',
  });
}

function invalid(message: string, hint?: string): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_INVALID', message, { hint });
}
