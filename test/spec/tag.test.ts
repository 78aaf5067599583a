import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PythonValue } from '../../src/spec/python-repr.ts';
import type { TagFields } from '../../src/spec/tag.ts';
import { formatTag, imageName, specId, specTag } from '../../src/spec/tag.ts';
import { expectCode } from '../expect-code.ts';

const FILES = join(import.meta.dirname, '..', '..', 'fixtures', 'spec', 'tag');
const ODD_TEXTS = ["a'b", 'c"d', 'e\'"f', 'g\\h', 'tab\t', 'nul\0', 'é', '\u200b', '😀'];

/** Tags that flytekit 1.15.3 and 1.16.31 gave; the name is "x" unless given. */
const GOLDEN: readonly (readonly [name: string, fields: TagFields, tag: string])[] = [
  ['no field at all', { name: undefined }, 'fv8aVGdGU6GT1t5W98ZQPA'],
  ['a name in mixed case', { name: 'My_Image' }, 'kiQjdhXmLERkOgAial3fPQ'],
  ['a name', {}, '2_M1c2Bnofxr6_tGrR8Hxg'],
  [
    'registry, packages and Python version',
    { name: 'app', registry: 'reg.example.com/Acme', packages: ['pandas==2.2.1'], python_version: '3.12' },
    'JHbrsKq7kr7WSmw_LHqCtg',
  ],
  ['a platform', { platform: 'linux/arm64' }, '_ylfWSpv3njkWysaAR6_EA'],
  [
    'variables, Debian packages and commands',
    {
      env: new Map([
        ['A', '1'],
        ['B', "it's"],
      ]),
      apt_packages: ['git'],
      commands: ['echo "hi"'],
    },
    'Y2SAUJDIQIcWt_q6WKEijA',
  ],
  ['an empty list of packages', { packages: [] }, 'qzQgM0rPOWLnkXcbwAV_eg'],
  ['a requirements file', { requirements: 'req.txt' }, 'kR96yp6rNRcwcY4ElBaeXA'],
  ['a requirements file with white space at its ends', { requirements: 'req-spaced.txt' }, 'kR96yp6rNRcwcY4ElBaeXA'],
  ['a copied folder', { copy: ['d'] }, '2xC8_ombgW1jSN_dLXsKNQ'],
  ['a copied file', { copy: ['d/sub/a.txt'] }, 'edZN_jpNxpkt97RS8cYANA'],
  ['copied sources', { source_root: 'd', source_copy_mode: 'ALL' }, 'yrEqgzxcASjoHSE0kcSBZQ'],
  ['no copied sources', { source_copy_mode: 'NO_COPY' }, 'bouiR93k6cQIXd6OX_w62Q'],
  ['a tag format', { tag_format: '{spec_hash}-dev' }, 'j7Fexv7_h7lZRrKjWZcJgA-dev'],
  ['a spec as base', { name: 'child', base_image: { name: 'base', packages: ['numpy'] } }, 'qmOMX2LYR_NAfsMHwE6Q9g'],
  [
    'fields that are left out',
    {
      pip_secret_mounts: [['a', 'b']],
      builder: 'noop',
      runtime_packages: ['numpy'],
      registry_config: 'registries.json',
    },
    '2_M1c2Bnofxr6_tGrR8Hxg',
  ],
  [
    'an empty entrypoint and options of all types',
    {
      entrypoint: [],
      builder_options: new Map<string, PythonValue>([
        ['k', true],
        ['n', null],
        ['f', 1.5],
      ]),
    },
    'mifZdnMMfEhWFRpP_DSfPQ',
  ],
  ['odd characters', { packages: ODD_TEXTS }, 'mf34WJ3skJ0MVm65QSzLVQ'],
  ['a Python version as a number', { name: 'flytekit', python_version: 3.9 }, 'Y1edP_q9HI8EcTl_ynDGHw'],
  ['a Python version as text', { name: 'flytekit', python_version: '3.9' }, 'eFqHOQWL5BNasYpDiF_hmg'],
];

describe('specTag', () => {
  it.each(GOLDEN)('is flytekit’s for %s', async (_name, fields, tag) => {
    expect(await specTag({ name: 'x', ...fields }, FILES)).toBe(tag);
  });

  it('follows the order of variables, also of names that are numbers', async () => {
    const tags = await Promise.all(
      [
        ['1', '2'],
        ['2', '1'],
      ].map((names) => specTag({ env: new Map(names.map((name) => [name, ''])) }, FILES)),
    );
    expect(tags[0]).not.toBe(tags[1]);
  });

  it('takes an absolute requirements file from where it is', async () => {
    expect(await specTag({ name: 'x', requirements: join(FILES, 'req.txt') }, '/nowhere')).toBe(
      'kR96yp6rNRcwcY4ElBaeXA',
    );
  });

  it('strips what Python takes for white space in bytes, and nothing else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imagespec-'));
    await writeFile(join(folder, 'req.txt'), '\v\f\r\n\t pandas \u00a0');
    await writeFile(join(folder, 'bare.txt'), 'pandas \u00a0');
    const [dressed, bare] = [
      await specTag({ requirements: 'req.txt' }, folder),
      await specTag({ requirements: 'bare.txt' }, folder),
    ];
    expect(dressed).toBe(bare);
    expect(dressed).not.toBe(await specTag({ requirements: 'req.txt' }, FILES));
  });

  it('refuses a requirements file that is missing', async () => {
    const error = await expectCode(() => specTag({ requirements: 'missing.txt' }, FILES), 'REQUIREMENTS_NOT_FOUND');
    expect(error.message).toBe(`The requirements file ${join(FILES, 'missing.txt')} does not exist`);
  });

  it('refuses a requirements file that is a folder', async () => {
    const error = await expectCode(() => specTag({ requirements: 'd' }, FILES), 'REQUIREMENTS_NOT_FOUND');
    expect(error.message).toMatch(/^The requirements file .* is a folder$/);
  });
});

describe('specTag of sources', () => {
  const tag = (fields: TagFields): Promise<string> => specTag({ name: 'x', ...fields }, FILES);

  it('counts what is listed as if it were all', async () => {
    const listed = await tag({ source_root: 'd', source_files: ['./sub//a.txt'], tag_format: 'v{spec_hash}' });
    expect(listed).toBe(
      await tag({
        source_root: 'd/',
        source_copy_mode: 'LOADED_MODULES',
        source_files: ['sub/a.txt'],
        tag_format: 'v{spec_hash}',
      }),
    );
    expect(listed).not.toBe(await tag({ source_root: 'd', source_files: [], tag_format: 'v{spec_hash}' }));
    expect(listed).not.toBe(await tag({ source_root: 'd', source_copy_mode: 'ALL', tag_format: 'v{spec_hash}' }));
  });

  it('counts a file twice that is listed twice, as flytekit does', async () => {
    const once = await tag({ source_root: 'd', source_files: ['sub/a.txt'] });
    expect(await tag({ source_root: 'd', source_files: ['sub/a.txt', 'sub/a.txt'] })).not.toBe(once);
  });

  it('holds the name of the folder, not its files, where nothing is copied', async () => {
    const nowhere = await tag({ source_root: '/nowhere', source_copy_mode: 'NO_COPY' });
    expect(nowhere).not.toBe(await tag({ source_root: '/elsewhere', source_copy_mode: 'NO_COPY' }));
  });

  it('is the same before and after a build', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imagespec-'));
    const file = join(folder, 'my.yaml');
    const now = (): Promise<string> => specTag({ source_root: '.', source_copy_mode: 'ALL' }, folder, file);
    await writeFile(file, '');
    const before = await now();
    await writeFile(join(folder, 'my.lock'), '{}');
    await mkdir(join(folder, '.imagespec'));
    await writeFile(join(folder, '.imagespec', 'x'), '');
    expect(await now()).toBe(before);
    await writeFile(join(folder, 'other.lock'), '');
    expect(await now()).not.toBe(before);
  });

  it('needs a folder, and files where only Python knows them', async () => {
    const error = await expectCode(() => tag({ source_copy_mode: 'ALL' }), 'SPEC_INVALID');
    expect(error.message).toBe('Field source_root for image spec x must be set when copy is set');
    await expectCode(() => tag({ source_root: 'd' }), 'NOT_SUPPORTED');
  });

  it('needs all listed files', async () => {
    await expectCode(() => tag({ source_root: 'd', source_files: ['nowhere'] }), 'COPY_NOT_FOUND');
    await expectCode(() => tag({ source_root: 'd', source_files: ['sub'] }), 'COPY_INVALID');
    await expectCode(() => tag({ source_root: 'nowhere', source_copy_mode: 'ALL' }), 'COPY_NOT_FOUND');
  });
});

describe('specId', () => {
  it('is flytekit’s id of a name', () => {
    expect(specId({ name: 'x' })).toBe('2-M1c2Bnofxr6_tGrR8Hxg');
  });

  it('holds a spec as base whole', () => {
    expect(specId({ name: 'child', base_image: { name: 'base', packages: ['numpy'] } })).toBe('DZNnmTF-1Wm85RdnwzFGtw');
  });
});

describe('imageName', () => {
  it('puts the registry in front, in lower case', async () => {
    expect(await imageName({ name: 'App', registry: 'Reg.example/Acme' }, FILES)).toMatch(
      /^reg\.example\/acme\/app:[\w]{22}$/,
    );
  });

  it('takes an empty registry as none', async () => {
    expect(await imageName({ name: 'x', registry: '' }, FILES)).toMatch(/^x:/);
  });
});

describe('formatTag', () => {
  it.each([
    ['{spec_hash}', 'abcdef'],
    ['v1-{spec_hash}-{spec_hash}', 'v1-abcdef-abcdef'],
    ['{spec_hash:.3}', 'abc'],
    ['{{{spec_hash}}}', '{abcdef}'],
    ['fixed', 'fixed'],
  ])('makes of %s what Python does', (format, tag) => {
    expect(formatTag(format, 'abcdef')).toBe(tag);
  });
});
