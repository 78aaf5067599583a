// From a path to a spec: which file it is, in which language it is written, and what it says.
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { parse as parseToml, TomlError } from 'smol-toml';
import { readAll } from '../core/digest.ts';
import { ImageSpecError, isImageSpecError, messageOf, systemCode } from '../core/error.ts';
import type { Origin } from './check.ts';
import { checkSpec } from './check.ts';
import type { NamedSpec } from './image-set.ts';
import { isImageSet, readImageSet } from './image-set.ts';
import { readModule } from './read-module.ts';
import type { SpecDocument } from './read-yaml.ts';
import { readJson, readYaml } from './read-yaml.ts';
import { ImageSpec, specOf } from './spec.ts';

export interface LoadedSpec {
  readonly spec: ImageSpec;
  /** Where it was read; absent when a program made it. */
  readonly file: string | undefined;
  /** Its name among several images of the file. */
  readonly key?: string | undefined;
  /** Where its relative paths start. */
  readonly directory: string;
}

/** File names under which a spec is found in its folder, beside `[tool.imagespec]` in pyproject.toml. */
export const SPEC_FILES: readonly string[] = ['yaml', 'yml', 'json', 'ts', 'mts', 'js', 'mjs'].map(
  (ending) => `imagespec.${ending}`,
);
const PYPROJECT = 'pyproject.toml';
/** Specs have a few kilobytes, a pyproject.toml of a big project some tens. */
const SPEC_LIMIT_BYTES = 1 << 20;

/**
 * The spec file that a path means: the file itself, or the only one in the folder.
 * Throws `SPEC_NOT_FOUND`, `SPEC_INVALID` when there are several, and `SPEC_UNREADABLE` for a pyproject.toml that is no TOML.
 */
export async function findSpec(path: string): Promise<string> {
  const found = await stat(path).catch((cause: unknown) => {
    throw notFound(`There is no ${path}`, 'Check the spelling, or write a first spec with `imagespec init`.', cause);
  });
  if (!found.isDirectory()) return path;
  const specs = await specsIn(path);
  if (specs.length === 1) return join(path, specs[0]!);
  if (specs.length === 0) {
    const names = `${SPEC_FILES.join(', ')} and [tool.imagespec] in ${PYPROJECT}`;
    throw notFound(`There is no spec in ${path}`, `Looked for ${names}. Write a first one with \`imagespec init\`.`);
  }
  throw new ImageSpecError('SPEC_INVALID', `${path} has ${specs.length} specs: ${specs.join(', ')}`, {
    hint: `Name the one you mean, for example \`imagespec build ${specs[0]}\`, or delete the others.`,
    facts: { directory: path },
  });
}

/** Names of all specs of a folder. */
export async function specsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  const specs = SPEC_FILES.filter((name) => names.includes(name));
  if (!names.includes(PYPROJECT)) return specs;
  const text = await readText(join(folder, PYPROJECT));
  // A project that never heard of us is not read further.
  const isSpec = text.includes('imagespec') && tableOf(text, join(folder, PYPROJECT)) !== undefined;
  return isSpec ? [...specs, PYPROJECT] : specs;
}

/**
 * Reads the specs of a file in YAML, JSON, TypeScript, JavaScript, or of `[tool.imagespec]` in a TOML file: one, or those under `images`.
 * Throws `SPEC_NOT_FOUND`, `SPEC_UNREADABLE`, `SPEC_INVALID` or `NOT_SUPPORTED`.
 * @param file absolute
 */
export async function loadSpecs(file: string): Promise<LoadedSpec[]> {
  const specs = await readSpecs(file);
  return specs.map((one) => ({ ...one, file, directory: dirname(file) }));
}

/** The same of a text in YAML or JSON that is no file. @param directory absolute; where relative paths start */
export async function parseSpecs(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  directory: string,
): Promise<LoadedSpec[]> {
  const text = decode(await readAll(bytes, SPEC_LIMIT_BYTES, name), name);
  return fromDocument(readYaml(text, name), name).map((one) => ({ ...one, file: undefined, directory }));
}

async function readSpecs(file: string): Promise<NamedSpec[]> {
  switch (extname(file)) {
    case '.yaml':
    case '.yml':
      return fromDocument(readYaml(await readText(file), file), file);
    case '.json':
      return fromDocument(readJson(await readText(file), file), file);
    case '.toml':
      return fromToml(await readText(file), file);
    case '.ts':
    case '.mts':
    case '.cts':
    case '.js':
    case '.mjs':
    case '.cjs':
      return specsOf(await readModule(file), { name: file, naming: 'camelCase' });
    default:
      throw new ImageSpecError('SPEC_UNREADABLE', `${file} has an ending that no spec has`, {
        hint: 'Specs end in .yaml, .yml, .json, .ts, .mts, .js, .mjs, or are a table [tool.imagespec] in a .toml file.',
      });
  }
}

function specsOf(value: unknown, origin: Origin): NamedSpec[] {
  if (isImageSet(value)) return readImageSet(value, origin);
  return [{ spec: value instanceof ImageSpec ? value : specOf(checkSpec(value, origin)) }];
}

async function readText(file: string): Promise<string> {
  try {
    const bytes = await readAll(createReadStream(file), SPEC_LIMIT_BYTES, file);
    return decode(bytes, file);
  } catch (cause) {
    if (isImageSpecError(cause)) throw cause;
    if (systemCode(cause) === 'ENOENT') throw notFound(`There is no ${file}`, 'Check the spelling.', cause);
    throw new ImageSpecError('SPEC_UNREADABLE', `${file} cannot be read: ${messageOf(cause)}`, {
      hint: 'Check that it is a file that you may read.',
      cause,
    });
  }
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ImageSpecError('SPEC_UNREADABLE', `${file} is not a text file in UTF-8`, {
      hint: 'Name the file in which the spec is written, and save it as UTF-8.',
      cause,
    });
  }
}

function fromDocument({ value, locate }: SpecDocument, file: string): NamedSpec[] {
  return specsOf(withoutSchema(value), { name: file, naming: 'snake_case', locate });
}

/** Editors find the JSON Schema of a file by this member. */
function withoutSchema(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { $schema: _ignored, ...rest } = value as Record<string, unknown>;
  return rest;
}

function fromToml(text: string, file: string): NamedSpec[] {
  const table = tableOf(text, file);
  if (table !== undefined) return specsOf(table, { name: `${file} [tool.imagespec]`, naming: 'snake_case' });
  throw notFound(`${file} has no table [tool.imagespec]`, 'Add the table, or write a spec with `imagespec init`.');
}

function tableOf(text: string, file: string): unknown {
  try {
    const { tool } = parseToml(text);
    return typeof tool === 'object' && 'imagespec' in tool ? tool['imagespec'] : undefined;
  } catch (cause) {
    const at = cause instanceof TomlError ? `:${cause.line}:${cause.column}` : '';
    const [reason = ''] = messageOf(cause).replace('Invalid TOML document: ', '').split('\n');
    throw new ImageSpecError('SPEC_UNREADABLE', `${file}${at} is not valid TOML: ${reason}`, {
      hint: 'Correct the file at this place.',
      cause,
    });
  }
}

function notFound(message: string, hint: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('SPEC_NOT_FOUND', message, { hint, cause });
}
