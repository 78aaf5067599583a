import { describe, expect, it } from 'vitest';
import type { ImageSpecError } from '../../src/core/error.ts';
import type { Origin, SpecFields } from '../../src/spec/check.ts';
import { checkSpec } from '../../src/spec/check.ts';
import type { FieldName } from '../../src/spec/field-names.ts';
import { FIELD_NAMES } from '../../src/spec/field-names.ts';
import { aboutField } from '../../src/spec/schema.ts';
import { expectCode } from '../expect-code.ts';

const FILE: Origin = { name: 'imagespec.yaml', naming: 'snake_case' };
const PROGRAM: Origin = { name: 'ImageSpec', naming: 'camelCase' };

const check = (value: unknown): SpecFields => checkSpec(value, FILE);

/** What is said about the one thing that is wrong. */
async function complaint(value: unknown, code: ImageSpecError['code'] = 'SPEC_INVALID'): Promise<string> {
  const { message, hint, issues } = await expectCode(() => check(value), code);
  const said = `${message}. ${hint}`;
  if (issues.length > 0) expect(issues).toEqual([said]);
  return said.replace(`${FILE.name}: `, '');
}

/** What some fields do not make sense without. */
const COMPANIONS: Partial<Record<FieldName, SpecFields>> = {
  source_root: { source_copy_mode: 'ALL' },
  source_copy_mode: { source_root: 'src' },
  source_files: { source_root: 'src' },
};

const isWorking = (name: FieldName): boolean => aboutField(name).instead === undefined;

describe('checkSpec', () => {
  it('takes an empty mapping', () => {
    expect(check({})).toEqual({});
  });

  it.each(FIELD_NAMES.filter(isWorking))('takes the example of %s', (name) => {
    const { example } = aboutField(name);
    expect(check({ [name]: example, ...COMPANIONS[name] })).toHaveProperty(name);
  });

  it.each(FIELD_NAMES.filter((name) => !isWorking(name)))('refuses %s by name', async (name) => {
    const { example, instead } = aboutField(name);
    expect(await complaint({ [name]: example }, 'NOT_SUPPORTED')).toBe(`\`${name}\` is not supported yet. ${instead}`);
  });

  it.each(FIELD_NAMES)('takes null for %s as absent', (name) => {
    expect(check({ [name]: null })).toEqual({});
  });

  it.each(FIELD_NAMES.filter((name) => Array.isArray(aboutField(name).example)))(
    'keeps an empty list of %s',
    (name) => {
      expect(check({ [name]: [], ...COMPANIONS[name] })).toMatchObject({ [name]: [] });
    },
  );

  it.each(['builder_options', 'builder_config'])('keeps an empty mapping of %s', (name) => {
    expect(check({ [name]: {} })).toEqual({ [name]: {} });
  });

  it.each(['imagespec', 'default'])('takes the builder "%s", which changes nothing', (builder) => {
    expect(check({ builder })).toEqual({ builder });
  });

  it('takes a copy mode that copies nothing', () => {
    expect(check({ source_copy_mode: 'NO_COPY' })).toEqual({ source_copy_mode: 'NO_COPY' });
  });

  it('tells all issues at once, each with its field, and what to do', async () => {
    const error = await expectCode(
      () => check({ name: '', requirments: 'x', conda_channels: ['main'], copy: ['../x'] }),
      'SPEC_INVALID',
    );
    expect(error.message).toBe('imagespec.yaml has 4 issues');
    expect(error.issues).toEqual([
      'imagespec.yaml: `requirments` is not a parameter of a spec. Did you mean `requirements`?',
      'imagespec.yaml: `name` is empty. Give it a value, or take it out.',
      'imagespec.yaml: `conda_channels` is not supported yet. Leave it out with `conda_packages`.',
      expect.stringMatching(/^imagespec\.yaml: `copy\[0\]` cannot take "\.\.\/x": .*\. Write a path relative/),
    ]);
  });

  it('says NOT_SUPPORTED only if nothing else is wrong', async () => {
    await expectCode(() => check({ conda_channels: ['a'], cuda: '12' }), 'NOT_SUPPORTED');
    await expectCode(() => check({ conda_channels: ['a'], cuda: 12 }), 'SPEC_INVALID');
  });

  it('orders the issues by their place', async () => {
    const locate: Origin['locate'] = ([name]) => ({ line: name === 'cuda' ? 1 : 2, column: 3 });
    const value = { builder: 'envd', cuda: '12' };
    const error = await expectCode(() => checkSpec(value, { ...FILE, locate }), 'NOT_SUPPORTED');
    expect(error.issues.map((issue) => issue.split(' ')[0])).toEqual(['imagespec.yaml:1:3:', 'imagespec.yaml:2:3:']);
  });

  it.each([
    ['pyton_version', 'python_version'],
    ['package', 'packages'],
    ['Base-Image', 'base_image'],
    ['baseImage', 'base_image'],
    ['platforms', 'platform'],
  ])('knows what %s was to be', async (key, name) => {
    expect(await complaint({ [key]: 'x' })).toBe(`\`${key}\` is not a parameter of a spec. Did you mean \`${name}\`?`);
  });

  it('does not guess when nothing is near', async () => {
    expect(await complaint({ dockerfile: 'x' })).toContain('`imagespec schema` lists all parameters.');
  });

  it('is not misled by names that JavaScript knows', async () => {
    expect(await complaint(JSON.parse('{"__proto__": 1}'))).toContain('`__proto__` is not a parameter');
    expect(await complaint({ constructor: 1 })).toContain('`constructor` is not a parameter');
  });

  it.each([
    [null, 'imagespec.yaml is empty'],
    [['a'], 'imagespec.yaml must be a mapping of parameters, not a list'],
    ['name', 'imagespec.yaml must be a mapping of parameters, not text'],
  ])('refuses %j as a spec', async (value, message) => {
    expect((await expectCode(() => check(value), 'SPEC_INVALID')).message).toBe(message);
  });
});

describe('checkSpec of a program', () => {
  it('names fields as the program does, also in hints', async () => {
    const error = await expectCode(() => checkSpec({ cuda: '12' }, PROGRAM), 'NOT_SUPPORTED');
    expect(error.message).toBe('ImageSpec: `cuda` is not supported yet');
    expect(error.hint).toMatch(/else choose a `baseImage` that has it\.$/);
  });

  it('takes a field in the spelling of files for a slip', async () => {
    const error = await expectCode(() => checkSpec({ base_image: 'x' }, PROGRAM), 'SPEC_INVALID');
    expect([error.message, error.hint]).toEqual([
      'ImageSpec: `base_image` is not a parameter of a spec',
      'Did you mean `baseImage`?',
    ]);
  });

  it('takes undefined for absent, also under an unknown name', () => {
    expect(checkSpec({ name: undefined, other: undefined }, PROGRAM)).toEqual({});
  });
});

describe('the fields', () => {
  it.each(['app', 'my-app', 'a/b_c/d.e', 'x0'])('name may be %s', (name) => {
    expect(check({ name })).toEqual({ name });
  });

  it('name is put into lower case, as flytekit does it', () => {
    expect(check({ name: 'FLYTEKIT' })).toEqual({ name: 'flytekit' });
  });

  it.each([
    ['My App', 'my-app'],
    ['Ünïcode/-x-', 'uenicode/x'],
    ['app:1.0', 'app-1-0'],
    ['///', 'app'],
  ])('name cannot be "%s", but "%s"', async (name, suggestion) => {
    expect(await complaint({ name })).toMatch(new RegExp(`^\`name\` cannot be .* for example "${suggestion}"\\.$`));
  });

  it.each(['3.9', '3.12', '3.12.4'])('python_version may be %s', (version) => {
    expect(check({ python_version: version })).toEqual({ python_version: version });
  });

  it.each(['3', 'python3.12', '>=3.9', '2.7', '3.12-slim'])('python_version cannot be %s', async (version) => {
    expect(await complaint({ python_version: version })).toBe(
      `\`python_version\` cannot be "${version}": it must be one version of Python 3. Write it as "3.12" or "3.12.4", in quotes.`,
    );
  });

  it('python_version as a number is caught with its reason', async () => {
    expect(await complaint({ python_version: 3.1 })).toBe(
      '`python_version` must be in quotes: without them 3.10 is read as the number 3.1. Write it as "3.12", with the quotes.',
    );
  });

  it('env becomes a Map of texts in its own order', () => {
    const env = new Map<string, unknown>([
      ['2', 'b'],
      ['1', true],
      ['A', 10],
      ['E', ''],
    ]);
    expect([...(check({ env }).env ?? [])]).toEqual([
      ['2', 'b'],
      ['1', 'true'],
      ['A', '10'],
      ['E', ''],
    ]);
    expect([...(check({ env: { A: 'x' } }).env ?? [])]).toEqual([['A', 'x']]);
  });

  it.each([
    [{ A: null }, '`env.A` has no value. Write "" for an empty one.'],
    [{ A: 1.5 }, '`env.A` must be text, not a number. Write the value in quotes.'],
    [{ A: ['x'] }, '`env.A` must be text, not a list. Write the value in quotes.'],
    [
      { 'A=B': 'x' },
      '`env.A=B` cannot be the name of an environment variable. A name has at least one character and no "=".',
    ],
    [{ A: 'x\0' }, '`env.A` has a NUL character. No environment variable can hold one: take it out.'],
    [
      ['A=1'],
      '`env` must be a mapping of names to text, not a list. Write one NAME: value per line, without a dash in front.',
    ],
  ])('env cannot be %j', async (env, said) => {
    expect(await complaint({ env })).toBe(said);
  });

  // flytekit's own tests of registries (test_registry_name), and what it refuses needlessly.
  it.each([
    ['localhost:30000', 'localhost:30000'],
    ['localhost:30000/flyte', 'localhost:30000/flyte'],
    ['192.168.1.1:30000/myimage', '192.168.1.1:30000/myimage'],
    ['ghcr.io/flyteorg', 'ghcr.io/flyteorg'],
    ['us-central1-docker.pkg.dev/project/repository/image', 'us-central1-docker.pkg.dev/project/repository/image'],
    ['acme', 'acme'],
    ['', ''],
    ['GHCR.io/Acme', 'ghcr.io/acme'],
    ['https://ghcr.io/acme/', 'ghcr.io/acme'],
    ['HTTP://localhost:5000//', 'localhost:5000'],
    ['[::1]:5000/a', '[::1]:5000/a'],
  ])('registry "%s" becomes "%s"', (registry, clean) => {
    expect(check({ registry })).toEqual({ registry: clean });
  });

  it.each([
    'invalid:port:50000',
    'ghcr.io/flyteorg:latest',
    'flyteorg:latest',
    'docker://ghcr.io/x',
    'ghcr.io/a b',
    'ghcr.io//x',
    '/',
    'a@b',
  ])('registry cannot be "%s"', async (registry) => {
    expect(await complaint({ registry })).toMatch(
      /^`registry` cannot be ".*": this is not a registry\. Write its host/,
    );
  });

  it('values are told on one line, cut where they are long', async () => {
    for (const value of ['a\nb\u001b', 'x y'.repeat(1000)]) {
      for (const field of ['name', 'registry', 'base_image', 'platform', 'python_version', 'tag_format']) {
        const said = await complaint({ [field]: value });
        expect(said).toMatch(/^`\w+` cannot be \P{Cc}+\. (?:Write|Use|For example)\P{Cc}+$/u);
        expect(said.length).toBeLessThan(1000);
      }
    }
  });

  it.each(['git', 'libstdc++6', 'git=1:2.39.5-0+deb12u2', 'git/bookworm-backports', 'libc6:amd64=2.36-9'])(
    'apt_packages may be %s',
    (name) => {
      expect(check({ apt_packages: [name] })).toEqual({ apt_packages: [name] });
    },
  );

  it.each(['', 'Git', 'git curl', 'git>=2', '-y', 'git=', './git.deb', 'git*'])(
    'apt_packages cannot be "%s"',
    async (name) => {
      expect(await complaint({ apt_packages: [name] })).toMatch(
        /^`apt_packages\[0\]` cannot be .* is not the name of a/,
      );
    },
  );

  it('apt_sources are lines and mappings', () => {
    const sources = [
      'deb [arch=amd64] http://mirror.example/debian bookworm main',
      {
        uris: ['http://mirror.example/debian'],
        suites: ['bookworm'],
        components: ['main'],
        snapshot: '20260115T000000Z',
      },
    ];
    expect(check({ apt_sources: sources })).toEqual({ apt_sources: sources });
  });

  it.each([
    ['http://mirror.example bookworm main', /this is not a package source\. Write "deb URI SUITE/],
    [{ uris: ['x'] }, /`apt_sources\[0\]` is a mapping, but a source is text or a mapping of uris, suites/],
    [{ uris: ['x'], suites: ['y'], snapshot: 'yesterday' }, /`apt_sources\[0\]/],
    [1, /`apt_sources\[0\]` is a number, but a source is text/],
  ])('apt_sources cannot hold %j', async (source, said) => {
    expect(await complaint({ apt_sources: [source] })).toMatch(said);
  });

  it('apt_essential and apt_configure take their words only', async () => {
    expect(await complaint({ apt_essential: 'yes' })).toBe(
      '`apt_essential` must be true or false. Write true or false.',
    );
    expect(await complaint({ apt_configure: 'always' })).toBe(
      '`apt_configure` must be auto or never. Leave it out for auto.',
    );
  });

  it('registry hides credentials in its message', async () => {
    expect(await complaint({ registry: 'https://me:secret@ghcr.io/x' })).not.toContain('secret');
  });

  // flytekit's own words and cases (test_image_spec_validation_string_list).
  const notTexts = ['pip_secret_mounts', 'apt_sources', 'secrets', 'layers'];
  it.each(FIELD_NAMES.filter((name) => Array.isArray(aboutField(name).example) && !notTexts.includes(name)))(
    '%s must be a list of strings or None',
    async (name) => {
      expect(await complaint({ [name]: 'requirements.txt' })).toBe(
        `\`${name}\` must be a list of strings or None. The path of a requirements file goes under \`requirements\`.`,
      );
      expect(await complaint({ [name]: [8000] })).toBe(
        `\`${name}[0]\` is a number, but \`${name}\` must be a list of strings or None. Write it in quotes: "8000".`,
      );
      expect(await complaint({ [name]: [{ b: 'c' }] })).toContain(`\`${name}[0]\` is a mapping, but`);
    },
  );

  it.each(['packages', 'copy'])('%s holds no empty text', async (name) => {
    expect(await complaint({ [name]: ['a', ''] })).toBe(`\`${name}[1]\` is empty. Give it a value, or take it out.`);
  });

  it('entrypoint may hold an empty argument', () => {
    expect(check({ entrypoint: ['sh', '-c', ''] })).toEqual({ entrypoint: ['sh', '-c', ''] });
  });

  it('pip_secret_mounts must be a list of pairs', async () => {
    for (const mounts of ['a', ['a'], [['a']], [['a', 1]]]) {
      expect(await complaint({ pip_secret_mounts: mounts })).toContain(
        'must be a list of tuples of two strings or None',
      );
    }
  });

  it.each([
    ['root/.netrc', /cannot be "root\/\.netrc": this is not the path of a file in the image/],
    ['/root/../x', /this is not the path/],
    ['/', /this is not the path/],
    ['/proc/x', /outside of \/proc/],
    ['/dev', /outside of \/proc/],
  ])('a secret cannot lie at %s', async (target, said) => {
    expect(await complaint({ pip_secret_mounts: [['.netrc', target]] })).toMatch(said);
    expect(await complaint({ secrets: [{ file: 'x', target }] })).toMatch(said);
  });

  it('layers are lists of names of packages', async () => {
    const layers = [['torch', 'nvidia-*'], ['My.Models']];
    expect(check({ layers })).toEqual({ layers });
    for (const [wrong, words] of [
      [['torch'], /`layers\[0\]` must be a list of lists of names, 32 at most\. Write \[\[torch/],
      [[[]], /`layers\[0\]` must be a list/],
      [[['torch==2']], /`layers\[0\]\[0\]` "torch==2" is no name of a package/],
      [[['a'], ['a']], /`layers` names "a" twice/],
      [Array.from({ length: 33 }, (_, i) => [`p${i}`]), /32 at most/],
    ] as const)
      expect(await complaint({ layers: wrong })).toMatch(words);
  });

  it('secrets are files and variables', () => {
    const secrets = [{ file: 'x' }, { file: '../a/b', target: '/x' }, { env: 'TOKEN' }, { env: 'TOKEN', target: '/t' }];
    expect(check({ secrets })).toEqual({ secrets });
  });

  it.each([
    [[{}], /`secrets\[0\]` must have either file or env\. Write \{file: PATH\}/],
    [[{ file: 'a', env: 'B' }], /`secrets\[0\]` must have either file or env/],
    [['token.txt'], /`secrets\[0\]` is text, but a secret is a mapping of file or env, and target/],
    [[{ env: 'LD_PRELOAD' }], /`secrets\[0\]\.env` cannot be the variable of a secret\. .*names for the loader/],
    [[{ env: 'a-b' }], /cannot be the variable of a secret/],
    [[{ file: '' }], /`secrets\[0\]\.file` is empty/],
    [[{ file: 'a/x' }, { file: 'b/x' }], /`secrets` has two secrets for \/run\/secrets\/x/],
    ['token.txt', /`secrets` must be a list/],
    [[{ file: 'a', mode: 1 }], /`secrets\[0\]/],
  ])('secrets cannot be %j', async (secrets, said) => {
    expect(await complaint({ secrets })).toMatch(said);
  });

  it('requirements is one path', async () => {
    expect(await complaint({ requirements: ['pandas'] })).toBe(
      '`requirements` must be the path of one file, not a list. List packages under `packages`.',
    );
  });

  it.each([
    'python:3.12-slim',
    'ghcr.io/a/b@sha256:' + 'a'.repeat(64),
    'scratch',
    'oci:out:v1',
    'oci-archive:a.tar',
    'docker-archive:a.tar',
    'docker://python:3',
  ])('base_image may be %s', (image) => {
    expect(check({ base_image: image })).toEqual({ base_image: image });
  });

  it.each(['python:3.12 slim', 'python@sha256:abc', 'oci:', 'dir:x', 'https://ghcr.io/a/b'])(
    'base_image cannot be %s',
    async (image) => {
      expect(await complaint({ base_image: image })).toMatch(/^`base_image` cannot be used: .*\. \w/);
    },
  );

  it('base_image as a spec of its own is checked like any other', async () => {
    expect(check({ base_image: { name: 'Base', env: { A: 1 } } })).toEqual({
      base_image: { name: 'base', env: new Map([['A', '1']]) },
    });
    expect(await complaint({ base_image: { base_image: { packages: [1] } } })).toMatch(
      /^`base_image\.base_image\.packages\[0\]` is a number/,
    );
    const deep = Array.from({ length: 20 }).reduce<object>((base) => ({ base_image: base }), {});
    expect(await complaint(deep)).toMatch(/stands on more than 16 specs/);
  });

  it.each([
    ['linux/amd64', 'linux/amd64'],
    [['linux/amd64', 'linux/arm64'], 'linux/amd64,linux/arm64'],
    ['linux/amd64, arm64', 'linux/amd64, arm64'],
  ])('platform %j enters the tag as %j', (platform, text) => {
    expect(check({ platform })).toEqual({ platform: text });
  });

  it.each(['', [], 'linux/amd64,', 'linux/', ['a b']])('platform cannot be %j', async (platform) => {
    expect(await complaint({ platform })).toMatch(
      /^`platform` cannot be ".*": this is not a platform\. Write OS\/ARCH/,
    );
  });

  it('platform of another system than Linux is refused by name', async () => {
    expect(await complaint({ platform: 'linux/amd64,windows/amd64' }, 'NOT_SUPPORTED')).toContain(
      '`platform` "windows/amd64" is not supported yet',
    );
  });

  it.each(['index.example', 'ftp://index.example', 'pypi'])(
    'pip_index and pip_extra_index_url cannot be %s',
    async (url) => {
      expect(await complaint({ pip_index: url })).toMatch(
        /^`pip_index` must be the URL of a package index\. Write it with https/,
      );
      expect(await complaint({ pip_extra_index_url: [url] })).toMatch(/^`pip_extra_index_url\[0\]` must be the URL/);
    },
  );

  it('pip_index is never printed, since it may hold credentials', async () => {
    expect(await complaint({ pip_index: 'ftp://me:secret@index.example' })).not.toContain('secret');
  });

  it.each(['{spec_hash}', '{spec_hash}-dev', 'v1.{spec_hash:.8}', 'fixed'])('tag_format may be %s', (format) => {
    expect(check({ tag_format: format })).toEqual({ tag_format: format });
  });

  it.each(['{hash}', '{spec_hash', 'a/b', '-{spec_hash}', '{{x}}', 'x'.repeat(107) + '{spec_hash}'])(
    'tag_format cannot be %s',
    async (format) => {
      expect(await complaint({ tag_format: format })).toMatch(
        /^`tag_format` cannot be ".*": the tag would be ".*"\. Use/,
      );
    },
  );

  it.each(['app', 'a/b.txt', './x', '.', 'a..b'])('copy may hold %s', (path) => {
    expect(check({ copy: [path] })).toEqual({ copy: [path] });
  });

  it.each(['/etc', '../x', 'a/../../b', 'C:\\x', '\\x', 'a\\..\\b'])('copy cannot hold %s', async (path) => {
    expect(await complaint({ copy: [path] })).toMatch(
      /^`copy\[0\]` cannot take .*folder of the spec only\. Write a path/,
    );
  });

  it.each(['requirements', 'python_version', 'cuda', 'pip_extra_args', 'tag_format', 'base_image'])(
    '%s must be text',
    async (name) => {
      expect(await complaint({ [name]: true })).toBe(
        `\`${name}\` must be text, not a boolean. Write it in quotes: "true".`,
      );
      expect(await complaint({ [name]: '' })).toBe(`\`${name}\` is empty. Give it a value, or take it out.`);
    },
  );

  it('source_copy_mode is one of flytekit’s', async () => {
    expect(await complaint({ source_copy_mode: 'auto' })).toContain('must be NO_COPY, ALL or LOADED_MODULES');
  });

  it.each([
    { source_root: 'src', source_copy_mode: 'ALL' },
    { source_root: '/abs/src', source_copy_mode: 'ALL' },
    { source_root: '../src', source_copy_mode: 'NO_COPY' },
    { source_root: 'src', source_copy_mode: 'LOADED_MODULES', source_files: ['a.py', './b/c..d.py'] },
    { source_root: '.', source_files: [] },
    { source_copy_mode: 'NO_COPY' },
  ])('sources may be %j', (fields) => {
    expect(check(fields)).toEqual(fields);
  });

  it.each([
    [
      { name: 'App', source_copy_mode: 'ALL' },
      '`source_copy_mode` is ALL, but names no folder: Field source_root for image spec app must be set when copy is set. Name the folder',
    ],
    [
      { source_copy_mode: 'LOADED_MODULES' },
      '`source_copy_mode` is LOADED_MODULES, but names no folder: Field source_root for image spec flytekit must be set',
    ],
    [{ source_files: ['a'] }, '`source_files` has paths, but there is no folder that they start from. Name it'],
    [
      { source_root: 'src', source_copy_mode: 'ALL', source_files: [] },
      '`source_files` cannot be used where `source_copy_mode` is ALL. Write LOADED_MODULES',
    ],
    [
      { source_root: 'src', source_copy_mode: 'NO_COPY', source_files: ['a'] },
      '`source_files` cannot be used where `source_copy_mode` is NO_COPY. Write LOADED_MODULES',
    ],
    [
      { source_root: 'src', source_files: ['/a'] },
      '`source_files[0]` cannot take "/a": it leaves `source_root`. Write',
    ],
    [{ source_root: 'src', source_files: ['a/../../b'] }, '`source_files[0]` cannot take "a/../../b": it leaves'],
    [{ source_root: 'src', source_files: [''] }, '`source_files[0]` is empty.'],
    [{ source_root: '', source_copy_mode: 'ALL' }, '`source_root` is empty. Give it a value'],
    [{ source_root: 'a\0', source_copy_mode: 'ALL' }, '`source_root` cannot be "a ": this is not a path.'],
  ])('sources cannot be %j', async (fields, words) => {
    expect(await complaint(fields)).toContain(words);
  });

  it.each([
    [{ source_root: 'src' }, '`source_root` stands without a `source_copy_mode`, but copying the modules that'],
    [
      { source_root: 'src', source_copy_mode: 'LOADED_MODULES' },
      '`source_copy_mode` is LOADED_MODULES, but copying the modules that a running Python has loaded is not supported yet',
    ],
  ])('sources that only Python knows are refused by name: %j', async (fields, words) => {
    const said = await complaint(fields, 'NOT_SUPPORTED');
    expect(said).toContain(words);
    expect(said).toContain('Write `source_copy_mode: ALL`, or list the files under `source_files`.');
  });

  it('sources are spelled as the program spells them', async () => {
    const { message, hint } = await expectCode(() => checkSpec({ sourceRoot: 'src' }, PROGRAM), 'NOT_SUPPORTED');
    expect(message).toContain('`sourceRoot` stands without a `sourceCopyMode`');
    expect(hint).toContain('under `sourceFiles`');
  });

  it('builder_options must be a mapping', async () => {
    expect(await complaint({ builder_options: ['a'] })).toBe(
      '`builder_options` must be a mapping, not a list. Write one KEY: VALUE per line.',
    );
  });
});
