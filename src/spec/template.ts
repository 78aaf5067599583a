// The first spec of a project: the parameters that nearly everyone sets, and every other one ready to be uncommented.
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import slugify from '@sindresorhus/slugify';
import { ImageSpecError, isImageSpecError, messageOf, systemCode } from '../core/error.ts';
import { makeFolder, outputPlace, writing } from '../store/disk.ts';
import type { FieldName } from './field-names.ts';
import { FIELD_NAMES } from './field-names.ts';
import { jsonSchema } from './json-schema.ts';
import { specsIn } from './load.ts';
import { aboutField } from './schema.ts';
import type { TemplateFormat, TemplateFormatName } from './template-format.ts';
import { FORMATS, SCHEMA_FILE } from './template-format.ts';
import { firstSentence } from './yaml-line.ts';

export interface TemplateOptions {
  readonly name: string;
  /** The project's own list of packages; without one, they are listed in the spec. */
  readonly requirements: string | undefined;
}

/** What says most comes first; what a project says of itself comes last. */
const REQUIREMENTS = ['pylock.toml', 'uv.lock', 'requirements.txt'];
const PROJECT = 'pyproject.toml';

/** Text of a spec that is valid as it is. */
export function specTemplate(
  { name, requirements }: TemplateOptions,
  { head, foot, indent, comment, line }: TemplateFormat = FORMATS.yaml,
): string {
  const active = new Map<FieldName, unknown>([['name', name]]);
  if (requirements !== undefined) active.set('requirements', requirements);
  else active.set('packages', []);
  if (comment === undefined) {
    const lines = [...active].map(([field, value]) => indent + line(field, value));
    return `${head}\n${lines.join(',\n')}\n${foot}`;
  }
  const entry = (field: FieldName): string => {
    const { description, example, instead } = aboutField(field);
    const mark = instead === undefined ? '' : ' (not supported yet)';
    const own = active.has(field) ? line(field, active.get(field)) : `${comment}${line(field, example)}`;
    return `${indent}${comment}${firstSentence(description)}${mark}\n${indent}${own}\n`;
  };
  const others = FIELD_NAMES.filter((field) => !active.has(field));
  return [
    head,
    ...[...active.keys()].map(entry),
    ...others.filter((field) => !aboutField(field).instead).map(entry),
    ...others.filter((field) => aboutField(field).instead).map(entry),
    ...(foot === '' ? [] : [foot]),
  ].join('\n');
}

export interface InitOptions {
  /** Name that the image's name is made of; that of the folder by default. */
  readonly folderName?: string | undefined;
  readonly format?: TemplateFormatName | undefined;
}

/**
 * Writes the first spec into a folder, which is made if need be, and never over anything: a table joins what `pyproject.toml` has. Beside it
 * goes the JSON Schema, for editors.
 * Throws `USAGE` when the folder has a spec already, `OUTPUT_UNWRITABLE`.
 * @param folder absolute
 */
export async function initSpec(
  folder: string,
  { folderName = basename(folder), format = 'yaml' }: InitOptions = {},
): Promise<{ readonly file: string; readonly text: string }> {
  const file = join(folder, FORMATS[format].file);
  try {
    await writing(outputPlace(folder), () => makeFolder(folder));
    const [present] = await specsIn(folder);
    if (present !== undefined) throw existing(join(folder, present));
    const name = slugify(folderName, { decamelize: false }) || 'app';
    const text = specTemplate({ name, requirements: await findRequirements(folder) }, FORMATS[format]);
    if (format === 'pyproject') await appendTable(file, text);
    // Not a rename: only opening the name itself can promise that nothing is overwritten, and the text is one write.
    else await writeFile(file, text, { flag: 'wx' });
    if (FORMATS[format].head.includes(SCHEMA_FILE)) await writeSchema(folder);
    return { file, text };
  } catch (error) {
    if (isImageSpecError(error)) throw error;
    if (systemCode(error) === 'EEXIST') throw existing(file);
    throw new ImageSpecError('OUTPUT_UNWRITABLE', `${file} cannot be written: ${messageOf(error)}`, {
      hint: 'Check the permissions of the folder, or name another one.',
      cause: error,
    });
  }
}

/** One write at the end: what the file has stays, whatever happens. */
async function appendTable(file: string, text: string): Promise<void> {
  const before = await readFile(file, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  });
  const gap = before === '' ? '' : before.endsWith('\n') ? '\n' : '\n\n';
  await appendFile(file, gap + text);
}

/** Ours, and made anew whenever it is old. */
async function writeSchema(folder: string): Promise<void> {
  const file = join(folder, SCHEMA_FILE);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
}

async function findRequirements(folder: string): Promise<string | undefined> {
  const present = new Set(await readdir(folder));
  const found = REQUIREMENTS.find((name) => present.has(name) && (name !== 'uv.lock' || present.has('pyproject.toml')));
  if (found !== undefined || !present.has(PROJECT)) return found;
  const { readRequirements } = await import('../python/requirements.ts');
  const wants = { packages: [], requirementsFile: join(folder, PROJECT), pipExtraIndexUrls: [] };
  // Many a pyproject.toml is there for the settings of tools alone.
  const project = await readRequirements(wants).catch(() => undefined);
  return project && project.requested.size > 0 ? PROJECT : undefined;
}

function existing(file: string): ImageSpecError {
  return new ImageSpecError('USAGE', `There is a spec already: ${file}`, {
    hint: 'Edit it, or move it away first; `imagespec schema` lists all parameters.',
    facts: { file },
  });
}
