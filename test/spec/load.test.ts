import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { findSpec, loadSpecs, SPEC_FILES } from '../../src/spec/load.ts';
import { expectCode } from '../expect-code.ts';

const loadSpec = async (file: string) => (await loadSpecs(file))[0]!;

const SAME = join(import.meta.dirname, '..', '..', 'fixtures', 'spec', 'same');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-'));
});

async function write(name: string, text: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

const messageFor = async (name: string, text: string | Uint8Array): Promise<string> => {
  const error = await expectCode(async () => loadSpec(await write(name, text)), 'SPEC_UNREADABLE');
  expect(error.hint).toMatch(/^[A-Z].*\.$/);
  return error.message.replaceAll(`${folder}/`, '');
};

describe('loadSpec', () => {
  it.each(['imagespec.yaml', 'imagespec.json', 'imagespec.mjs', 'imagespec.cjs'])(
    'reads the same spec from %s',
    async (name) => {
      const { spec, file, directory } = await loadSpec(join(SAME, name));
      expect([file, directory]).toEqual([join(SAME, name), SAME]);
      expect([...(spec.env ?? [])]).toEqual([
        ['2', 'b'],
        ['1', 'a'],
        ['DEBUG', '1'],
        ['VERBOSE', 'true'],
      ]);
      expect(await spec.imageName({ directory })).toBe('ghcr.io/acme/my-service:LcrxMviGDD5aRFgcwVCqmg');
    },
  );

  it('reads [tool.imagespec] from pyproject.toml', async () => {
    const { spec } = await loadSpec(join(SAME, 'pyproject.toml'));
    expect([spec.name, spec.platforms, [...(spec.env ?? [])]]).toEqual([
      'my-service',
      ['linux/amd64', 'linux/arm64'],
      [
        ['DEBUG', '1'],
        ['VERBOSE', 'true'],
      ],
    ]);
  });

  it('says where in a YAML file each issue is', async () => {
    const file = await write('imagespec.yaml', '# top\nname: x\nenv:\n  A:\npackages:\n  - a\n  - 1.10\nnam: y\n');
    const { issues } = await expectCode(() => loadSpec(file), 'SPEC_INVALID');
    expect(issues.map((issue) => issue.slice(folder.length + 1))).toEqual([
      'imagespec.yaml:4:3: `env.A` has no value. Write "" for an empty one.',
      expect.stringMatching(/^imagespec\.yaml:7:5: `packages\[1\]` is a number/),
      expect.stringMatching(/^imagespec\.yaml:8:1: `nam` is not a parameter of a spec\. Did you mean `name`\?/),
    ]);
  });

  it('says where in a JSON file an issue is', async () => {
    const file = await write('imagespec.json', '{\n\t"name": "x",\n\t"cuda": "12"\n}');
    expect((await expectCode(() => loadSpec(file), 'NOT_SUPPORTED')).message).toBe(
      `${file}:3:2: \`cuda\` is not supported yet`,
    );
  });

  it('says in which table an issue is', async () => {
    const file = await write('pyproject.toml', '[tool.imagespec]\nname = "a b"\n');
    expect((await expectCode(() => loadSpec(file), 'SPEC_INVALID')).message).toContain(
      'pyproject.toml [tool.imagespec]: `name`',
    );
  });

  it('takes the text of a variable as it is written in YAML and JSON', async () => {
    const yaml = await write(
      'a.yaml',
      'env: {V: 1.10, H: 0x1F, E: 1e3, T: True, N: -0, Y: yes, D: 2024-01-01, Q: "1.10"}',
    );
    expect([...((await loadSpec(yaml)).spec.env ?? [])]).toEqual(
      Object.entries({ V: '1.10', H: '0x1F', E: '1e3', T: 'True', N: '-0', Y: 'yes', D: '2024-01-01', Q: '1.10' }),
    );
    const json = await write('a.json', '{"env": {"V": 1.10, "B": 12345678901234567890}}');
    expect([...((await loadSpec(json)).spec.env ?? [])]).toEqual([
      ['V', '1.10'],
      ['B', '12345678901234567890'],
    ]);
  });

  it('refuses a fraction in TOML, whose zeros would be lost', async () => {
    const file = await write('pyproject.toml', '[tool.imagespec.env]\nV = 1.10\n');
    expect((await expectCode(() => loadSpec(file), 'SPEC_INVALID')).message).toContain(
      '`env.V` must be text, not a number',
    );
  });

  it('catches a version without quotes', async () => {
    const file = await write('a.yaml', 'python_version: 3.10\n');
    expect((await expectCode(() => loadSpec(file), 'SPEC_INVALID')).message).toContain(
      '`python_version` must be in quotes: without them 3.10 is read as the number 3.1',
    );
  });

  it('follows aliases of YAML', async () => {
    const file = await write('a.yaml', 'packages: &list [a, b]\nentrypoint: *list\nenv: &env {A: 1}\n');
    const { spec } = await loadSpec(file);
    expect([spec.entrypoint, [...(spec.env ?? [])]]).toEqual([['a', 'b'], [['A', '1']]]);
  });

  it('refuses an empty file', async () => {
    for (const text of ['', '# nothing\n', '---\n']) {
      const file = await write('a.yaml', text);
      expect((await expectCode(() => loadSpec(file), 'SPEC_INVALID')).message).toBe(`${file} is empty`);
    }
  });

  it.each([
    ['name: [x\n', 'a.yaml:2:1 is not valid YAML: Flow sequence'],
    ['name: x\nname: y\n', 'a.yaml:2:1 is not valid YAML: Map keys must be unique'],
    ['name: !!python/object:os.system x\n', 'a.yaml:1:7 is not valid YAML: Unresolved tag'],
    ['name: !!binary aGk=\n', 'a.yaml:1:7 is not valid YAML: Unresolved tag'],
    ['name: x\n---\nname: y\n', 'a.yaml:2:1 is not valid YAML: Source contains multiple documents'],
    ['? [a]\n: b\n', 'a.yaml:1:3 is not valid YAML: With stringKeys'],
    ['name: *missing\n', 'a.yaml is not valid YAML: Unresolved alias'],
    [
      `a: &a [x,x,x]\nb: &b [${'*a,'.repeat(50)}]\nc: [${'*b,'.repeat(50)}]\n`,
      'a.yaml is not valid YAML: Excessive alias count',
    ],
    ['['.repeat(10_000), 'a.yaml:1:'],
  ])('refuses YAML such as %j', async (text, message) => {
    expect((await messageFor('a.yaml', text)).slice(0, message.length)).toBe(message);
  });

  it.each([
    ['{"name": "x",}', 'a.json:1:14 is not valid JSON: '],
    ['name: x', 'a.json is not valid JSON: '],
    ['{"name": "x", "name": "y"}', 'a.json:1:15 is not valid JSON: Map keys must be unique'],
  ])('refuses JSON such as %s', async (text, message) => {
    expect((await messageFor('a.json', text)).slice(0, message.length)).toBe(message);
  });

  it('refuses broken TOML, files that are no text, and other endings', async () => {
    expect(await messageFor('pyproject.toml', '[tool.imagespec\n')).toMatch(
      /^pyproject\.toml:1:\d+ is not valid TOML: \w/,
    );
    expect(await messageFor('a.yaml', Uint8Array.of(0xff, 0xfe))).toBe('a.yaml is not a text file in UTF-8');
    expect(await messageFor('a.txt', 'name: x')).toBe('a.txt has an ending that no spec has');
  });

  it('reads a text with a byte order mark', async () => {
    for (const [name, text] of [
      ['a.yaml', '\ufeffname: x'],
      ['a.json', '\ufeff{"name": "x"}'],
    ] as const) {
      expect((await loadSpec(await write(name, text))).spec.name).toBe('x');
    }
  });

  it('refuses a file that is too large to be a spec', async () => {
    await expectCode(async () => loadSpec(await write('a.yaml', `# ${'x'.repeat(1 << 20)}`)), 'TOO_LARGE');
  });

  it('refuses a file that is not there, and a TOML file without the table', async () => {
    await expectCode(() => loadSpec(join(folder, 'a.yaml')), 'SPEC_NOT_FOUND');
    const file = await write('pyproject.toml', '[project]\nname = "imagespec"\n');
    expect((await expectCode(() => loadSpec(file), 'SPEC_NOT_FOUND')).message).toContain(
      'has no table [tool.imagespec]',
    );
  });
});

describe('loadSpec of a module', () => {
  it('reads a changed file anew', async () => {
    const file = await write('a.mjs', "export default { name: 'one' };");
    expect((await loadSpec(file)).spec.name).toBe('one');
    await new Promise((resolve) => setTimeout(resolve, 10));
    await write('a.mjs', "export default { name: 'two' };");
    expect((await loadSpec(file)).spec.name).toBe('two');
  });

  it('names the file of an issue, and fields as programs do', async () => {
    const file = await write('a.mjs', "export const imagespec = { base_image: 'x' };");
    const error = await expectCode(() => loadSpec(file), 'SPEC_INVALID');
    expect([error.message, error.hint]).toEqual([
      `${file}: \`base_image\` is not a parameter of a spec`,
      'Did you mean `baseImage`?',
    ]);
  });

  it('says what it threw, and that it exports nothing', async () => {
    expect(await messageFor('a.mjs', "throw new Error('no database');")).toBe('Running a.mjs failed: no database');
    expect(await messageFor('b.mjs', 'export const other = 1;')).toBe('b.mjs exports no spec');
  });

  // Vitest has a loader of its own; Node's is the one that counts.
  it('runs under Node itself: TypeScript, ImageSpec, another copy of the package', async () => {
    const source = pathToFileURL(join(import.meta.dirname, '..', '..', 'src', 'spec')).href;
    await cp(join(SAME, 'imagespec.ts'), join(folder, 'same.ts'));
    await write(
      'own.ts',
      `import { ImageSpec } from '${source}/spec.ts';\nconst name: string = 'own';\nexport default new ImageSpec({ name });\n`,
    );
    await write(
      'copy.ts',
      `import { ImageSpec } from '${source}/spec.ts?copy';\nexport const spec = new ImageSpec({ name: 'copy', packages: [] });\n`,
    );
    await write('enum.ts', 'export enum Colour { Red }\n');
    await write(
      'wrong.ts',
      `import { ImageSpec } from '${source}/spec.ts';\nexport default new ImageSpec({ cuda: '12' });\n`,
    );
    const program = `
      const { loadSpecs } = await import('${source}/load.ts');
      for (const name of ['same', 'own', 'copy', 'enum', 'wrong']) {
        const said = await loadSpecs('${folder}/' + name + '.ts').then(([{ spec }]) => JSON.stringify(spec.name === 'my-service' ? spec.id : spec), (error) => error.code);
        console.log(said);
      }`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(output.trim().split('\n')).toEqual([
      '"LcrxMviGDD5aRFgcwVCqmg"',
      '{"name":"own"}',
      '{"name":"copy","packages":[]}',
      'SPEC_UNREADABLE',
      'NOT_SUPPORTED',
    ]);
  });

  it('says so when Node does not read TypeScript', async () => {
    const source = pathToFileURL(join(import.meta.dirname, '..', '..', 'src', 'spec', 'read-module.ts')).href;
    await write('a.ts', 'export const spec = {};\n');
    // Loaded with types stripped, asked as if they were not.
    const program = `
      const { readModule } = await import('${source}');
      Object.defineProperty(process.features, 'typescript', { value: false });
      await readModule('${folder}/a.ts').catch((error) => console.log(error.code, error.hint));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(output).toMatch(/^SPEC_UNREADABLE Use Node\.js 22\.19 or newer/);
  });
});

describe('findSpec', () => {
  it('takes a file as it is', async () => {
    const file = await write('other.yaml', '');
    expect(await findSpec(file)).toBe(file);
  });

  it.each(SPEC_FILES)('finds %s in its folder', async (name) => {
    await write(name, '');
    await write('pyproject.toml', '[project]\nname = "x"\ndependencies = ["imagespec"]\n');
    expect(await findSpec(folder)).toBe(join(folder, name));
  });

  it('finds the table in pyproject.toml, however it is written', async () => {
    for (const text of ['[tool.imagespec]\nname = "x"\n', '[tool]\nimagespec = { name = "x" }\n']) {
      const file = await write('pyproject.toml', text);
      expect(await findSpec(folder)).toBe(file);
    }
  });

  it('does not read a pyproject.toml that has nothing to do with it', async () => {
    await write('pyproject.toml', 'this is [no TOML');
    const file = await write('imagespec.yaml', '');
    expect(await findSpec(folder)).toBe(file);
  });

  it('names all specs of a folder that has several', async () => {
    await cp(SAME, folder, { recursive: true });
    const error = await expectCode(() => findSpec(folder), 'SPEC_INVALID');
    expect(error.message).toBe(
      `${folder} has 5 specs: imagespec.yaml, imagespec.json, imagespec.ts, imagespec.mjs, pyproject.toml`,
    );
    expect(error.hint).toContain('imagespec build imagespec.yaml');
  });

  it('says where it looked when there is none', async () => {
    const none = await expectCode(() => findSpec(folder), 'SPEC_NOT_FOUND');
    expect([none.message, none.hint]).toEqual([
      `There is no spec in ${folder}`,
      expect.stringMatching(
        /^Looked for imagespec\.yaml, .* and \[tool\.imagespec\] in pyproject\.toml\. .*`imagespec init`\.$/,
      ),
    ]);
    const missing = await expectCode(() => findSpec(join(folder, 'missing')), 'SPEC_NOT_FOUND');
    expect(missing.message).toBe(`There is no ${join(folder, 'missing')}`);
  });

  it('is not led astray by a folder of that name', async () => {
    await mkdir(join(folder, 'imagespec.yaml'));
    await expectCode(() => findSpec(folder), 'SPEC_NOT_FOUND');
  });
});
