import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Wants } from '../../src/python/wants.ts';
import { isLockFile } from '../../src/python/lock-requirements.ts';
import { readRequirements } from '../../src/python/requirements.ts';
import { expectCode } from '../expect-code.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;

/** A folder with these files; the first is the one to read. */
async function wantsOf(files: Readonly<Record<string, string>>, packages: readonly string[] = []): Promise<Wants> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return { packages, requirementsFile: join(folder, Object.keys(files)[0]!), pipExtraIndexUrls: [] };
}

const only = (packages: readonly string[]): Wants => ({ packages, pipExtraIndexUrls: [] });

describe('reading requirements', () => {
  it('follows includes from file to file, each relative to its own', async () => {
    const wants = await wantsOf(
      {
        'requirements.txt': `-r sub/base.txt\n-r sub/base.txt\n-c limits.txt\nNumPy==2.0 --hash=${A}\n`,
        'sub/base.txt': `-r ../other.txt\npandas\n--extra-index-url https://me:pw@index.example/simple\n`,
        'other.txt': `requests\nnumpy==2.0 --hash=${B}\n--require-hashes\n`,
        'limits.txt': `-r more-limits.txt\nurllib3<2\n`,
        'more-limits.txt': `idna<4 --hash=${B}\n`,
      },
      ['flytekit>=1'],
    );
    const folder = dirname(wants.requirementsFile!);
    expect(await readRequirements(wants)).toEqual({
      files: ['requirements.txt', 'sub/base.txt', 'other.txt', 'limits.txt', 'more-limits.txt'].map((file) =>
        join(folder, file),
      ),
      requested: new Set(['flytekit', 'requests', 'numpy', 'pandas']),
      sources: new Set(),
      hasNameless: false,
      hashes: new Map([
        ['numpy', new Set([B, A])],
        ['idna', new Set([B])],
      ]),
      requireHashes: true,
      indexUrls: ['https://me:pw@index.example/simple'],
    });
  });

  it('needs no file', async () => {
    expect(await readRequirements(only(['numpy', 'Foo_Bar==1']))).toMatchObject({
      files: [],
      requested: new Set(['numpy', 'foo-bar']),
    });
  });

  it('leaves a lock to whoever reads locks', async () => {
    const wants = await wantsOf({ 'pylock.dev.toml': 'lock-version = "1.0"' });
    expect(await readRequirements(wants)).toMatchObject({ files: [wants.requirementsFile], requested: new Set() });
    await expectCode(() => readRequirements({ ...wants, packages: ['numpy'] }), 'NOT_SUPPORTED');
  });

  it('tells locks by their name', () => {
    const names = [
      'pylock.toml',
      '/a/pylock.dev.toml',
      '/a/uv.lock',
      'pylock.a.b.toml',
      'my-pylock.toml',
      'pylock.txt',
    ];
    expect(names.map(isLockFile)).toEqual([true, true, true, false, false, false]);
  });
});

describe('a project file', () => {
  it('asks for the dependencies of [project]', async () => {
    const text = `[project]\nname = "x"\ndependencies = ["numpy>=2", "demo @ git+https://git.example/demo"]\n[project.optional-dependencies]\nmore = ["pandas"]`;
    const wants = await wantsOf({ 'pyproject.toml': text });
    expect(await readRequirements(wants)).toMatchObject({
      files: [wants.requirementsFile],
      requested: new Set(['numpy', 'demo']),
      sources: new Set(['demo']),
    });
  });

  it('may be a script with a header (PEP 723)', async () => {
    const text = `#!/usr/bin/env python\n# /// script\n# requires-python = ">=3.9"\n# dependencies = [\n#   "idna",\n#\n#   "six<2",\n# ]\n# ///\nprint(1)\n`;
    expect(await readRequirements(await wantsOf({ 'job.py': text }))).toMatchObject({
      requested: new Set(['idna', 'six']),
    });
    expect(
      await readRequirements(await wantsOf({ 'none.py': '# /// script\n# requires-python = "3"\n# ///\n' })),
    ).toMatchObject({
      requested: new Set(),
    });
  });

  it.each([
    ['pyproject.toml', '[project]\nname = "x"\ndynamic = ["dependencies"]', 'NOT_SUPPORTED', /backend tell/],
    ['pyproject.toml', '[tool.poetry.dependencies]\nx = "1"', 'NOT_SUPPORTED', /for poetry alone/],
    ['pyproject.toml', '[build-system]\nrequires = []', 'REQUIREMENTS_INVALID', /has no \[project\]/],
    ['pyproject.toml', '[project', 'REQUIREMENTS_INVALID', /is not TOML at line 1/],
    ['pyproject.toml', '[project]\ndependencies = "x"', 'REQUIREMENTS_INVALID', /project\.dependencies: /],
    [
      'pyproject.toml',
      '[project]\ndependencies = ["numpy 2"]',
      'REQUIREMENTS_INVALID',
      /pyproject\.toml, dependencies\[0\], is not understood/,
    ],
    ['job.py', 'print(1)\n', 'REQUIREMENTS_INVALID', /has no header/],
    ['job.py', '# /// script\n# dependencies = [\n# ///\n', 'REQUIREMENTS_INVALID', /is not TOML/],
    [
      'job.py',
      '# /// script\n# a = 1\n# ///\n\n# /// script\n# a = 1\n# ///\n',
      'REQUIREMENTS_INVALID',
      /several headers/,
    ],
  ] as const)('is refused: %s %j', async (name, text, code, words) => {
    const error = await expectCode(async () => readRequirements(await wantsOf({ [name]: text })), code);
    expect(error.message).toMatch(words);
    expect(error.hint).toBeDefined();
  });
});

describe('a uv.lock', () => {
  it('is read with the project that it is the lock of', async () => {
    const wants = await wantsOf({ 'uv.lock': 'version = 1', 'pyproject.toml': '[project]\nname = "x"' });
    const folder = dirname(wants.requirementsFile!);
    expect((await readRequirements(wants)).files).toEqual([join(folder, 'uv.lock'), join(folder, 'pyproject.toml')]);
    await expectCode(() => readRequirements({ ...wants, packages: ['numpy'] }), 'NOT_SUPPORTED');
  });

  it('is nothing without it', async () => {
    const error = await expectCode(
      async () => readRequirements(await wantsOf({ 'uv.lock': '' })),
      'REQUIREMENTS_NOT_FOUND',
    );
    expect(error.message).toMatch(/pyproject\.toml, which .*uv\.lock is the lock of, does not exist/);
  });
});

describe('requirements that cannot be had', () => {
  it('are refused all at once, with file and line', async () => {
    const wants = await wantsOf({
      'requirements.txt': 'numpy\n-r dev.txt\n./local\n',
      'dev.txt': '\n# ours\n-e .\nx @ hg+https://me:token@hg.example/x\n',
    });
    const error = await expectCode(() => readRequirements(wants), 'NOT_SUPPORTED');
    const folder = dirname(wants.requirementsFile!);
    expect(error.issues).toEqual([
      `${folder}/dev.txt:3 asks for the editable install of ., which is not supported`,
      `${folder}/dev.txt:4 asks for a source repository that is not git, hg+https://***@hg.example/x, which is not supported`,
      `${folder}/requirements.txt:3 asks for the local path ./local, which is not supported`,
    ]);
    expect(error.message).toBe(`${error.issues[0]} (and 2 more)`);
    expect(error.hint).toContain('wheel');
  });

  it('are refused in the spec, by their place', async () => {
    const error = await expectCode(() => readRequirements(only(['numpy', 'hg+https://hg.example/x'])), 'NOT_SUPPORTED');
    expect(error.message).toContain('packages[1]');
  });

  it.each([['numpy 2'], ['--pre'], ['numpy\n-e .'], ['x @ ']])('are told to be wrong: %j', async (text) => {
    const error = await expectCode(() => readRequirements(only([text])), 'REQUIREMENTS_INVALID');
    expect(error.message).toContain('packages[0] is not understood');
  });

  it('are missing by name, and by the line that includes them', async () => {
    const wants = await wantsOf({ 'requirements.txt': 'numpy\n-r base.txt' });
    const folder = dirname(wants.requirementsFile!);
    const error = await expectCode(() => readRequirements(wants), 'REQUIREMENTS_NOT_FOUND');
    expect(error.message).toBe(`${folder}/base.txt, which ${folder}/requirements.txt:2 includes, does not exist`);
    const absent = { ...wants, requirementsFile: join(folder, 'absent.txt') };
    expect((await expectCode(() => readRequirements(absent), 'REQUIREMENTS_NOT_FOUND')).message).toBe(
      `The requirements file ${folder}/absent.txt does not exist`,
    );
    await expectCode(() => readRequirements({ ...wants, requirementsFile: folder }), 'REQUIREMENTS_NOT_FOUND');
  });

  it('may not include themselves', async () => {
    const wants = await wantsOf({ 'a.txt': '-r b.txt', 'b.txt': '-r a.txt' });
    const error = await expectCode(() => readRequirements(wants), 'REQUIREMENTS_INVALID');
    expect(error.message).toMatch(/b\.txt:1 includes .*a\.txt, which includes itself/);
  });

  it.each(['-r https://index.example/base.txt', '-c ${HOME}/limits.txt'])('may not lie elsewhere: %s', async (line) => {
    await expectCode(async () => readRequirements(await wantsOf({ 'a.txt': line })), 'NOT_SUPPORTED');
  });

  it.each(['poetry.lock', 'pdm.lock', 'Pipfile.lock', 'environment.yml', 'lock.toml'])(
    'may not come as %s, and the hint says how instead',
    async (name) => {
      const error = await expectCode(async () => readRequirements(await wantsOf({ [name]: '' })), 'NOT_SUPPORTED');
      expect(error.message).toContain(name);
      expect(error.hint).toMatch(/requirements\.txt|pylock\.toml/);
    },
  );

  it('may not be endless', async () => {
    const wants = await wantsOf({ 'huge.txt': '' });
    await truncate(wants.requirementsFile!, 17 << 20);
    await expectCode(() => readRequirements(wants), 'REQUIREMENTS_INVALID');
    const many = Object.fromEntries(Array.from({ length: 102 }, (_, i) => [`${i}.txt`, `-r ${i + 1}.txt`]));
    await expectCode(async () => readRequirements(await wantsOf(many)), 'REQUIREMENTS_INVALID');
  });
});
