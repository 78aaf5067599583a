import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Origin } from '../../src/spec/check.ts';
import { checkSpec } from '../../src/spec/check.ts';
import { FIELD_NAMES } from '../../src/spec/field-names.ts';
import { loadSpecs } from '../../src/spec/load.ts';
import { readYaml } from '../../src/spec/read-yaml.ts';
import { aboutField } from '../../src/spec/schema.ts';
import type { TemplateFormat } from '../../src/spec/template-format.ts';
import { FORMATS } from '../../src/spec/template-format.ts';
import { initSpec, specTemplate } from '../../src/spec/template.ts';
import { expectCode } from '../expect-code.ts';

const loadSpec = async (file: string) => (await loadSpecs(file))[0]!;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-'));
});

const read = (text: string): unknown => readYaml(text, 'imagespec.yaml').value;
const TEMPLATE: Origin = { name: 'template', naming: 'snake_case' };
const text = specTemplate({ name: 'my-app', requirements: 'requirements.txt' });

describe('specTemplate', () => {
  it('sets the name and the requirements file', () => {
    expect(read(text)).toEqual({ name: 'my-app', requirements: 'requirements.txt' });
  });

  it('sets packages in a project without requirements file', () => {
    expect(read(specTemplate({ name: 'my-app', requirements: undefined }))).toEqual({ name: 'my-app', packages: [] });
  });

  it('has every parameter once, below one line that explains it', () => {
    for (const name of FIELD_NAMES)
      expect(
        text.match(new RegExp(`^# \\w.*\\.(?: \\(not supported yet\\))?\\n(?:# )?${name}: .+$`, 'gm')),
        name,
      ).toHaveLength(1);
    expect(text.trim().split('\n\n')).toHaveLength(1 + FIELD_NAMES.length);
  });

  it('marks what is not supported yet', () => {
    const marked = [...text.matchAll(/\(not supported yet\)\n# (\w+):/g)].map(([, name]) => name);
    expect(marked).toEqual(FIELD_NAMES.filter((name) => aboutField(name).instead !== undefined));
  });

  it('is valid with every supported parameter set', () => {
    const [supported = ''] = text.split(/^.*not supported yet/m);
    const all = read(supported.replace(/^# ([a-z_]+: )/gm, '$1')) as Record<string, unknown>;
    // A list of sources is no copy of ALL.
    const { source_files: files, ...others } = all;
    const valid = { ...others, ...checkSpec({ source_root: 'src', source_files: files }, TEMPLATE) };
    expect(Object.keys(checkSpec(others, TEMPLATE)).sort()).toEqual(Object.keys(others).sort());
    expect(Object.keys(valid).sort()).toEqual(
      FIELD_NAMES.filter((name) => aboutField(name).instead === undefined).sort(),
    );
  });
});

const FORMAT_NAMES = ['yaml', 'ts', 'json', 'pyproject'] as const;

/** A template with all supported parameters set, but that for which another must not be ALL. */
const filled = (format: TemplateFormat): string => {
  const lines = specTemplate({ name: 'my-app', requirements: 'r.txt' }, format).split('\n');
  const set = lines.map((line, i) =>
    /source_?files/i.test(line) || lines[i - 1]?.includes('(not supported yet)')
      ? line
      : line.replace(/^( *)(?:# |\/\/ )(\w+(?:: | = ))/, '$1$2'),
  );
  return set.join('\n');
};

/** What a file says, read by a Node of its own: that of the tests resolves imports in another way. */
function jsonOf(file: string): Record<string, unknown> {
  const load = pathToFileURL(join(import.meta.dirname, '..', '..', 'src', 'spec', 'load.ts')).href;
  const program = `const { loadSpecs } = await import('${load}'); const [one] = await loadSpecs(${JSON.stringify(file)}); console.log(JSON.stringify(one.spec));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  return JSON.parse(output) as Record<string, unknown>;
}

describe.each(FORMAT_NAMES)('a template as %s', (name) => {
  const format = FORMATS[name];

  it('is valid as it is', async () => {
    const { file } = await initSpec(folder, { format: name, folderName: 'my-app' });
    expect(file).toBe(join(folder, format.file));
    expect(jsonOf(file)).toEqual({ name: 'my-app', packages: [] });
  });

  it('is valid with every supported parameter set', async () => {
    await writeFile(join(folder, format.file), filled(format));
    const said = jsonOf(join(folder, format.file));
    const all = FIELD_NAMES.filter(
      (field) => aboutField(field).instead === undefined && !['packages', 'source_files'].includes(field),
    );
    expect(Object.keys(said)).toEqual(expect.arrayContaining(name === 'json' ? ['name', 'requirements'] : all));
  });
});

describe('initSpec', () => {
  it('adds a table to pyproject.toml, and leaves what is there', async () => {
    const file = join(folder, 'pyproject.toml');
    await writeFile(file, '[project]\nname = "x"\ndependencies = ["idna"]');
    await initSpec(folder, { format: 'pyproject', folderName: 'x' });
    const after = await readFile(file, 'utf8');
    expect(after.startsWith('[project]\nname = "x"\ndependencies = ["idna"]\n\n[tool.imagespec]\n')).toBe(true);
    expect((await loadSpec(file)).spec.toJSON()).toEqual({ name: 'x', requirements: 'pyproject.toml' });
    await expectCode(() => initSpec(folder, { format: 'pyproject' }), 'USAGE');
    expect(await readFile(file, 'utf8')).toBe(after);
  });

  it('puts the schema where the spec says that it is', async () => {
    await initSpec(folder);
    const [, path = ''] = /\$schema=(\S+)/.exec(await readFile(join(folder, 'imagespec.yaml'), 'utf8')) ?? [];
    const schema = JSON.parse(await readFile(join(folder, path), 'utf8')) as { properties: object };
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining([...FIELD_NAMES, 'images']));
  });

  it('writes a spec named after the folder', async () => {
    const project = join(folder, 'Mein Projekt_2');
    const { file, text } = await initSpec(project);
    expect(file).toBe(join(project, 'imagespec.yaml'));
    expect(await readFile(file, 'utf8')).toBe(text);
    expect((await loadSpec(file)).spec.toJSON()).toEqual({ name: 'mein-projekt-2', packages: [] });
  });

  it('finds requirements.txt', async () => {
    await writeFile(join(folder, 'requirements.txt'), 'pandas\n');
    const { file } = await initSpec(folder, { folderName: 'Größe' });
    expect((await loadSpec(file)).spec.toJSON()).toEqual({ name: 'groesse', requirements: 'requirements.txt' });
  });

  it.each([
    [['uv.lock', 'pyproject.toml', 'requirements.txt'], 'uv.lock'],
    [['uv.lock', 'requirements.txt'], 'requirements.txt'],
    [['pylock.toml', 'uv.lock', 'pyproject.toml'], 'pylock.toml'],
    [['pyproject.toml'], 'pyproject.toml'],
  ])('of %j it names %s', async (names, chosen) => {
    for (const name of names) await writeFile(join(folder, name), '[project]\nname = "x"\ndependencies = ["idna"]\n');
    const { file } = await initSpec(folder, { folderName: 'x' });
    expect((await loadSpec(file)).spec.requirements).toBe(chosen);
  });

  it('names no pyproject.toml that asks for nothing', async () => {
    await writeFile(join(folder, 'pyproject.toml'), '[tool.ruff]\nline-length = 100\n');
    const { file } = await initSpec(folder, { folderName: 'x' });
    expect((await loadSpec(file)).spec.requirements).toBeUndefined();
  });

  it('has a name for a folder that has no usable one', async () => {
    expect((await initSpec(folder, { folderName: '…' })).text).toContain('\nname: app\n');
  });

  it.each([
    ['imagespec.yaml', ''],
    ['imagespec.ts', ''],
    ['pyproject.toml', '[tool.imagespec]\n'],
  ])('does not write beside %s', async (name, content) => {
    await writeFile(join(folder, name), content);
    const error = await expectCode(() => initSpec(folder), 'USAGE');
    expect(error.message).toBe(`There is a spec already: ${join(folder, name)}`);
    expect(await readFile(join(folder, name), 'utf8')).toBe(content);
  });

  it('says when the folder cannot be made', async () => {
    await writeFile(join(folder, 'file'), '');
    const error = await expectCode(() => initSpec(join(folder, 'file', 'project')), 'OUTPUT_UNWRITABLE');
    expect(error.message).toContain(`${join(folder, 'file', 'project')} cannot be written: `);
    // Not "there is a spec already", although the system says that something is there already.
    await expectCode(() => initSpec(join(folder, 'file')), 'OUTPUT_UNWRITABLE');
  });
});
