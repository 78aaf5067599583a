// The first spec of a project: the parameters that nearly everyone sets, and every other one ready to be uncommented.
import { readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import slugify from '@sindresorhus/slugify';
import { ImageSpecError, isImageSpecError, messageOf, systemCode } from '../core/error.ts';
import { makeFolder, outputPlace, writing } from '../store/disk.ts';
import type { FieldName } from './field-names.ts';
import { FIELD_NAMES } from './field-names.ts';
import { specsIn } from './load.ts';
import { aboutField } from './schema.ts';
import { firstSentence, yamlLine } from './yaml-line.ts';

export interface TemplateOptions {
  readonly name: string;
  /** The project's own list of packages; without one, they are listed in the spec. */
  readonly requirements: string | undefined;
}

/** What says most comes first; what a project says of itself comes last. */
const REQUIREMENTS = ['pylock.toml', 'uv.lock', 'requirements.txt'];
const PROJECT = 'pyproject.toml';

/** Text of an imagespec.yaml that is valid as it is. */
export function specTemplate({ name, requirements }: TemplateOptions): string {
  const active = new Map<FieldName, unknown>([['name', name]]);
  if (requirements !== undefined) active.set('requirements', requirements);
  else active.set('packages', []);
  const others = FIELD_NAMES.filter((field) => !active.has(field));
  const entry = (field: FieldName): string => {
    const { description, example } = aboutField(field);
    const line = active.has(field) ? yamlLine(field, active.get(field)) : `# ${yamlLine(field, example)}`;
    return `# ${firstSentence(description)}\n${line}\n`;
  };
  const refused = (field: FieldName): string => {
    const { description, example } = aboutField(field);
    return `# ${firstSentence(description)} (not supported yet)\n# ${yamlLine(field, example)}\n`;
  };
  return [
    '# What goes into the image; `imagespec build` makes it. Remove the "# " in front of a parameter to set it.\n',
    ...[...active.keys()].map(entry),
    ...others.filter((field) => !aboutField(field).instead).map(entry),
    ...others.filter((field) => aboutField(field).instead).map(refused),
  ].join('\n');
}

export interface InitOptions {
  /** Name that the image's name is made of; that of the folder by default. */
  readonly folderName?: string | undefined;
}

/**
 * Writes imagespec.yaml into a folder, which is made if need be, and never over anything.
 * Throws `USAGE` when the folder has a spec already, `OUTPUT_UNWRITABLE`.
 * @param folder absolute
 */
export async function initSpec(
  folder: string,
  { folderName = basename(folder) }: InitOptions = {},
): Promise<{ readonly file: string; readonly text: string }> {
  const file = join(folder, 'imagespec.yaml');
  try {
    await writing(outputPlace(folder), () => makeFolder(folder));
    const [present] = await specsIn(folder);
    if (present !== undefined) throw existing(join(folder, present));
    const name = slugify(folderName, { decamelize: false }) || 'app';
    const text = specTemplate({ name, requirements: await findRequirements(folder) });
    // Not a rename: only opening the name itself can promise that nothing is overwritten, and the text is one write.
    await writeFile(file, text, { flag: 'wx' });
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
