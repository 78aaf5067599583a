import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Wants } from '../../src/python/wants.ts';
import type { PipArguments } from '../../src/python/pip-arguments.ts';
import { isProblem, readPipArguments } from '../../src/python/pip-arguments.ts';
import { isLockFile } from '../../src/python/lock-requirements.ts';
import { readRequirements } from '../../src/python/requirements.ts';
import { writeQuestion } from '../../src/python/question.ts';
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

const optionsOf = (text: string): PipArguments => {
  const read = readPipArguments(text);
  if (isProblem(read)) throw new Error(read.what);
  return read;
};

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
      folders: [],
      archives: [],
      indexes: [],
      question: { packages: ['flytekit>=1'], file: wants.requirementsFile, selection: [] },
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
      '/a/poetry.lock',
      'pylock.a.b.toml',
      'my-pylock.toml',
      'pylock.txt',
    ];
    expect(names.map(isLockFile)).toEqual([true, true, true, true, false, false, false]);
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

const PROJECT = `[project]
name = "My.Demo"
dependencies = ["idna"]
[project.optional-dependencies]
cli = ["click>=8"]
web = ["flask", "other @ git+https://git.example/other"]
All = ["my_demo[cli, web]"]
loop = ["my-demo[loop]", "six"]
[dependency-groups]
prod = ["gunicorn", {include-group = "Base.Group"}]
base_group = ["tomli"]
round = [{include-group = "trip"}]
trip = [{include-group = "round"}]
lost = [{include-group = "nowhere"}]`;

describe("a project's extras and groups", () => {
  it.each<[extras: string[], groups: string[], names: string]>([
    [[], [], 'idna'],
    [['CLI'], [], 'idna click'],
    [['all'], [], 'idna flask other click'],
    [['loop', 'cli'], ['prod'], 'idna click six gunicorn tomli'],
  ])('are added to its dependencies: %j %j', async (extras, groups, names) => {
    const wants = await wantsOf({ 'pyproject.toml': PROJECT });
    const file = wants.requirementsFile!;
    const { requested, question } = await readRequirements({ ...wants, extras, groups });
    expect(requested).toEqual(new Set(names.split(' ')));
    const selection = [
      '--project',
      dirname(file),
      ...extras.flatMap((one) => ['--extra', one]),
      ...groups.flatMap((one) => ['--group', `${file}:${one}`]),
    ];
    expect(question).toEqual({ packages: [], file, selection });
  });

  it('may be all that it has', async () => {
    const wants = await wantsOf({ 'pyproject.toml': '[dependency-groups]\nprod = ["idna"]' });
    const { requested, question } = await readRequirements({ ...wants, groups: ['prod'] });
    expect(requested).toEqual(new Set(['idna']));
    expect(question).toEqual({
      packages: [],
      selection: ['--project', dirname(wants.requirementsFile!), '--group', `${wants.requirementsFile}:prod`],
    });
  });

  it.each([
    [['nope'], [], /has no extra "nope"/],
    [[], ['prd'], /has no group "prd"/],
    [[], ['round'], /has the group round include itself/],
    [[], ['lost'], /has no group nowhere, which the group lost includes/],
  ] as const)('are refused where they cannot be had: %j %j', async (extras, groups, words) => {
    const wants = { ...(await wantsOf({ 'pyproject.toml': PROJECT })), extras, groups };
    const error = await expectCode(() => readRequirements(wants), 'REQUIREMENTS_INVALID');
    expect(error.message).toMatch(words);
  });

  it('are refused without a project, and where its backend tells them', async () => {
    const list = await wantsOf({ 'requirements.txt': 'idna' });
    await expectCode(() => readRequirements({ ...list, extras: ['cli'] }), 'NOT_SUPPORTED');
    await expectCode(() => readRequirements({ ...only(['idna']), groups: ['prod'] }), 'NOT_SUPPORTED');
    const dynamic = await wantsOf({ 'pyproject.toml': '[project]\nname = "x"\ndynamic = ["optional-dependencies"]' });
    expect((await readRequirements(dynamic)).requested).toEqual(new Set());
    await expectCode(() => readRequirements({ ...dynamic, extras: ['x'] }), 'NOT_SUPPORTED');
  });
});

describe('what lies on this host', () => {
  const tree = {
    'lists/main.txt': '-r more.txt\n-c limits.txt\n-e ../libs/a[x]\nidna\n',
    'lists/more.txt': '../libs/setup-only ; os_name == "posix"\n../whl/Some_Thing-1.0-py3-none-any.whl\n',
    'lists/limits.txt': 'idna<4\n',
    'libs/a/pyproject.toml':
      '[project]\nname = "A.B"\ndependencies = ["c"]\n[tool.uv.sources]\nc = { path = "../c" }\n',
    'libs/c/pyproject.toml': '[project]\nname = "c"\n[tool.uv.sources]\nA-B = { path = "../a" }\n',
    'libs/c/setup.cfg': '',
    'libs/setup-only/setup.py': '',
    'whl/Some_Thing-1.0-py3-none-any.whl': 'wheel',
    'src/x-1.0.tar.gz': 'archive',
    'empty/x': '',
  };

  it('is read by uv at absolute paths, and its files are part of the question', async () => {
    const wants = await wantsOf(tree, ['./src/x-1.0.tar.gz', '-e ./libs/c']);
    const folder = dirname(dirname(wants.requirementsFile!));
    const at = (path: string): string => join(folder, path);
    const url = (path: string): string => pathToFileURL(at(path)).href;
    const found = await readRequirements({ ...wants, folder, untaggedPackages: ['six'] });
    expect(found.files.toSorted()).toEqual(
      Object.keys(tree)
        .filter((path) => !/^(?:empty|whl|src)\//.test(path))
        .map(at)
        .toSorted(),
    );
    expect(found.folders.toSorted()).toEqual(['libs/a', 'libs/c', 'libs/setup-only'].map(at));
    expect(found).toMatchObject({
      archives: ['src/x-1.0.tar.gz', 'whl/Some_Thing-1.0-py3-none-any.whl'].map(at),
      requested: new Set(['c', 'six', 'some-thing', 'a-b', 'idna']),
      sources: new Set(['c', 'a-b']),
      hasNameless: true,
      question: { packages: [url('src/x-1.0.tar.gz'), url('libs/c'), 'six'], selection: [] },
    });
    const { args, copies } = await writeQuestion(found.question, await temporaryFolder());
    const texts = await Promise.all(args.map((path) => readFile(path, 'utf8')));
    const copy = (path: string): string => copies.get(at(path))!;
    expect(texts).toEqual([
      `-r ${copy('lists/more.txt')}\n-c ${copy('lists/limits.txt')}\n${url('libs/a')}[x]\nidna\n`,
      `${url('src/x-1.0.tar.gz')}\n${url('libs/c')}\nsix\n`,
    ]);
    expect(await readFile(copy('lists/more.txt'), 'utf8')).toBe(
      `${url('libs/setup-only')} ; os_name == "posix"\n${url('whl/Some_Thing-1.0-py3-none-any.whl')}\n`,
    );
  });

  it('may be the members of a workspace', async () => {
    const wants = await wantsOf({
      'app/pyproject.toml':
        '[project]\nname = "app"\ndependencies = ["b"]\n[tool.uv.sources]\nb = { workspace = true }\n',
      'pyproject.toml': '[tool.uv.workspace]\nmembers = ["app", "libs/*"]\n',
      'libs/b/pyproject.toml': '[project]\nname = "b"\n',
      'libs/none/x': '',
    });
    const root = dirname(dirname(wants.requirementsFile!));
    expect((await readRequirements(wants)).folders).toEqual([join(root, 'app'), join(root, 'libs/b')]);
  });

  it('may be absent where a project only knows of it', async () => {
    const wants = await wantsOf({
      'pyproject.toml':
        '[project]\nname = "x"\n[tool.uv.sources]\na = { path = "../absent" }\nb = { workspace = true }',
    });
    expect((await readRequirements(wants)).folders).toEqual([]);
  });

  it.each([
    ['./absent', 'REQUIREMENTS_NOT_FOUND', /absent, which does not exist$/],
    ['./empty', 'REQUIREMENTS_INVALID', /empty, which is no project: it has neither pyproject\.toml nor setup\.py$/],
    ['./empty/x', 'REQUIREMENTS_INVALID', /which is neither a wheel nor a source archive nor a project's folder$/],
  ] as const)('must be what it is taken for: %s', async (text, code, words) => {
    const wants = await wantsOf(tree);
    const folder = dirname(dirname(wants.requirementsFile!));
    const error = await expectCode(() => readRequirements({ ...only([text]), folder }), code);
    expect(error.message).toMatch(words);
    expect(error.message).toMatch(/^packages\[0\] asks for /);
  });

  it('is no part of the image but by being installed', async () => {
    const options = optionsOf('--no-install-workspace');
    await expectCode(() => readRequirements({ ...only(['six']), options }), 'NOT_SUPPORTED');
  });
});

describe('pip_extra_args', () => {
  it('may name files that limit and hashes that bind', async () => {
    const wants = await wantsOf({ 'limits.txt': 'idna<4\n' });
    const file = wants.requirementsFile!;
    const options = { ...optionsOf('--require-hashes'), constraints: [file] };
    expect(await readRequirements({ ...only(['idna']), options })).toMatchObject({
      files: [file],
      requested: new Set(['idna']),
      requireHashes: true,
    });
  });
});

describe('a uv.lock', () => {
  it('is read with the project that it is the lock of', async () => {
    const wants = await wantsOf({ 'uv.lock': 'version = 1', 'pyproject.toml': '[project]\nname = "x"' });
    const folder = dirname(wants.requirementsFile!);
    expect((await readRequirements(wants)).files).toEqual([join(folder, 'uv.lock'), join(folder, 'pyproject.toml')]);
    for (const more of [{ packages: ['numpy'] }, { untaggedPackages: ['numpy'] }]) {
      const error = await expectCode(() => readRequirements({ ...wants, ...more }), 'NOT_SUPPORTED');
      expect(error.message).toContain('Support for uv.lock files and packages is mutually exclusive');
    }
  });

  it('has the extras and groups of that', async () => {
    const project = `[project]
name = "x"
optional-dependencies.cli = ["click"]
[dependency-groups]
prod = ["six"]
[tool.uv]
dev-dependencies = ["iniconfig"]`;
    const wants = await wantsOf({ 'uv.lock': 'version = 1', 'pyproject.toml': project });
    await readRequirements({ ...wants, extras: ['cli'], groups: ['prod', 'dev'] });
    for (const more of [{ extras: ['prod'] }, { groups: ['cli'] }])
      await expectCode(() => readRequirements({ ...wants, ...more }), 'REQUIREMENTS_INVALID');
  });

  it('names the indexes that it is of, whose credentials are elsewhere', async () => {
    const index = '[[tool.uv.index]]\nname = "corp"\nurl = "https://index.example/simple"';
    const wants = await wantsOf({
      'uv.lock': 'source = { registry = "https://a.example/" }\nsource = { registry = "https://a.example/" }\n',
      'pyproject.toml': `[project]\nname = "x"\n${index}`,
      'uv.toml': 'index-url = "https://b.example/"',
    });
    expect(await readRequirements(wants)).toMatchObject({
      indexes: [{ name: 'corp', url: 'https://index.example/simple' }],
      indexUrls: ['https://b.example/', 'https://a.example/'],
    });
    const project = { ...wants, requirementsFile: join(dirname(wants.requirementsFile!), 'pyproject.toml') };
    const found = await readRequirements(project);
    expect(found.indexes).toEqual([{ name: 'corp', url: 'https://index.example/simple' }]);
    expect(found.files).toContain(join(dirname(wants.requirementsFile!), 'uv.toml'));
  });

  it('names the projects that are built of it', async () => {
    const wants = await wantsOf({
      'uv.lock': 'source = { editable = "libs/a" }\nsource = { virtual = "." }\nsource = { directory = "absent" }\n',
      'pyproject.toml': '[project]\nname = "x"',
      'libs/a/pyproject.toml': '',
    });
    expect((await readRequirements(wants)).folders).toEqual([join(dirname(wants.requirementsFile!), 'libs/a')]);
  });

  it('has chosen already: what would choose otherwise is refused', async () => {
    const wants = await wantsOf({ 'uv.lock': '', 'pyproject.toml': '[project]\nname = "x"' });
    const said = async (text: string) => readRequirements({ ...wants, options: optionsOf(text) });
    for (const text of ['--pre', '-c limits.txt', '--no-binary :all:', '--only-binary x']) {
      const error = await expectCode(() => said(text), 'NOT_SUPPORTED');
      expect(error.message).toContain('has chosen them already');
    }
    expect((await said('--no-install-package a --quiet')).files).toHaveLength(2);
  });

  it('is nothing without it', async () => {
    const error = await expectCode(
      async () => readRequirements(await wantsOf({ 'uv.lock': '' })),
      'REQUIREMENTS_NOT_FOUND',
    );
    expect(error.message).toMatch(
      /^To use uv\.lock, a pyproject\.toml file must be in the same directory as the lock file, but .* does not exist$/,
    );
  });
});

describe('requirements that cannot be had', () => {
  it('are refused all at once, with file and line', async () => {
    const wants = await wantsOf({
      'requirements.txt': 'numpy\n-r dev.txt\n./local#a=b\n',
      'dev.txt': '\n# ours\nx @ svn+https://svn.example/x\nx @ hg+https://me:token@hg.example/x\n',
    });
    const error = await expectCode(() => readRequirements(wants), 'NOT_SUPPORTED');
    const folder = dirname(wants.requirementsFile!);
    expect(error.issues).toEqual([
      `${folder}/dev.txt:3 asks for a source repository that is not git, svn+https://svn.example/x, which is not supported`,
      `${folder}/dev.txt:4 asks for a source repository that is not git, hg+https://***@hg.example/x, which is not supported`,
      `${folder}/requirements.txt:3 asks for the local path ./local#a=b, which is not supported`,
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

  it.each(['pdm.lock', 'Pipfile.lock', 'environment.yml', 'lock.toml'])(
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
