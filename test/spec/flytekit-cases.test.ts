// flytekit's own tests of ImageSpec (1.16.31), each case held against ours. What is not here is in docs/flytekit.md with its place or reason.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/core/error.ts';
import { camelCase } from '../../src/spec/field-names.ts';
import type { ImageSpecFields } from '../../src/spec/spec.ts';
import { ImageSpec } from '../../src/spec/spec.ts';
import { createProject } from '../cli/project.ts';
import { expectCode } from '../expect-code.ts';

type Case = () => Promise<void> | void;
/** By the names that pytest gives. */
type Cases = Readonly<Record<string, Case>>;

/** A spec that is refused, as it stands in a program without types. */
async function refuses(fields: Readonly<Record<string, unknown>>, words: RegExp, code: ErrorCode = 'SPEC_INVALID') {
  const { message, hint, issues } = await expectCode(() => new ImageSpec(fields), code);
  expect([message, hint, ...issues].join('\n')).toMatch(words);
}

const equalTags = async (...specs: ImageSpec[]): Promise<void> => {
  expect(new Set(specs.map((spec) => spec.id)).size).toBe(1);
  expect(new Set(await Promise.all(specs.map((spec) => spec.tag()))).size).toBe(1);
};

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'imagespec-flytekit-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A build of a spec whose packages a lock file names. */
async function refusedLock(files: readonly string[], fields: Readonly<Record<string, unknown>>, words: RegExp) {
  const project = await createProject();
  try {
    for (const name of files) await writeFile(join(project.folder, name), 'this is no lock\n');
    await project.spec({ base_image: 'scratch', requirements: files[0], ...fields });
    const { status, stderr } = await project.run(['build']);
    expect(stderr).toMatch(words);
    expect(status).not.toBe(0);
  } finally {
    await project.remove();
  }
}

const SPECS: Cases = {
  test_image_spec: () =>
    inFolder(async (folder) => {
      for (const name of ['requirements.txt', 'a', 'b', 'c']) await writeFile(join(folder, name), '');
      const base = new ImageSpec({ name: 'base', baseImage: 'debian' });
      const plain = new ImageSpec({
        name: 'FLYTEKIT',
        packages: ['pandas'],
        aptPackages: ['git'],
        pythonVersion: '3.9',
        registry: 'localhost:30001',
        baseImage: base,
        requirements: 'requirements.txt',
        entrypoint: ['/bin/bash'],
        copy: ['a'],
      });
      const spec = plain
        .withCommands('echo hello')
        .withPackages('numpy')
        .withAptPackages('wget')
        .withCopy(['b', 'c'])
        .forcePush();
      expect(spec).toMatchObject({
        name: 'flytekit',
        pythonVersion: '3.9',
        registry: 'localhost:30001',
        requirements: 'requirements.txt',
        packages: ['pandas', 'numpy'],
        aptPackages: ['git', 'wget'],
        commands: ['echo hello'],
        entrypoint: ['/bin/bash'],
        copy: ['a', 'b', 'c'],
        env: undefined,
        pipIndex: undefined,
      });
      expect((spec.baseImage as ImageSpec).id).toBe(base.id);
      expect([plain.forced, spec.forced]).toEqual([false, true]);
      const options = { directory: folder };
      expect(await spec.imageName(options)).toBe(`localhost:30001/flytekit:${await spec.tag(options)}`);
      spec.withCommands('ls');
      expect(spec.commands).toEqual(['echo hello']);
    }),
  test_custom_tag: async () => {
    const fields = { name: 'my_image', pythonVersion: '3.11' };
    const spec = new ImageSpec({ ...fields, tagFormat: '{spec_hash}-dev' });
    expect(await spec.tag()).toMatch(/^[A-Za-z0-9_]{22}-dev$/);
    expect(await spec.imageName()).toBe(`my_image:${await spec.tag()}`);
  },
  test_copy_is_set_if_source_root_is_set: () =>
    inFolder(async (directory) => {
      await writeFile(join(directory, 'a.py'), '');
      const sources = { name: 'my_image', pythonVersion: '3.12', sourceRoot: directory };
      const files = { ...sources, sourceFiles: ['a.py'] };
      const specs = [files, { ...files, sourceCopyMode: 'LOADED_MODULES' }, { ...sources, sourceCopyMode: 'ALL' }];
      const tags = specs.map((fields) => new ImageSpec(fields as ImageSpecFields).tag({ directory }));
      const [unset, loaded, all] = await Promise.all(tags);
      expect(unset).toBe(loaded);
      expect(unset).not.toBe(all);
    }),
  test_registry_name: async () => {
    for (const registry of ['invalid:port:50000', 'ghcr.io/flyteorg:latest', 'flyteorg:latest'])
      await refuses({ registry }, /this is not a registry/);
    for (const registry of [
      'localhost:30000',
      'localhost:30000/flyte',
      '192.168.1.1:30000',
      '192.168.1.1:30000/myimage',
      'ghcr.io/flyteorg',
      'my.registry.com/myimage',
      'my.registry.com:5000/myimage',
      'myregistry:5000/myimage',
      // flytekit's list lacks a comma between these two.
      'us-west1-docker.pkg.dev/example.com/my-project/my-repo',
      'flyteorg',
    ])
      expect(new ImageSpec({ registry }).registry).toBe(registry);
  },
  test_image_spec_same_id_and_tag_with_pip_secret_mounts: () =>
    equalTags(new ImageSpec({ name: 'x' }), new ImageSpec({ name: 'x', pipSecretMounts: [['src', '/dst']] })),
  test_image_spec_same_id_and_tag_with_builder: () =>
    equalTags(...[undefined, 'imagespec', 'default'].map((builder) => new ImageSpec({ name: 'x', builder }))),
  test_dev_packages: async () => {
    const spec = new ImageSpec({ name: 'x' });
    const more = spec.withRuntimePackages(['my-new-package']);
    expect([spec.toJSON()['runtime_packages'], more.toJSON()['runtime_packages']]).toEqual([
      undefined,
      ['my-new-package'],
    ]);
    await equalTags(spec, more);
  },
  test_invalid_builder_options: async () => {
    for (const builderOptions of ['invalid_builder_option', ['invalid_builder_option']])
      await refuses({ builderOptions }, /`builderOptions` must be a mapping/);
  },
  test_with_builder_options: () =>
    refuses({ builderOptions: { existing: 'value' } }, /configures builders of flytekit/, 'NOT_SUPPORTED'),
  test_create_docker_context_cuda: () =>
    refuses({ cuda: '12.4.1', cudnn: '8' }, /packages such as torch bring their own CUDA/, 'NOT_SUPPORTED'),
};

const LIST_FIELDS = [
  'packages',
  'conda_channels',
  'conda_packages',
  'apt_packages',
  'pip_extra_index_url',
  'entrypoint',
  'commands',
] as const;

const LISTS: Cases = Object.fromEntries(
  LIST_FIELDS.flatMap((field) =>
    ['requirements.txt', [1, 2, 3]].map((value, i): [string, Case] => [
      `test_image_spec_validation_string_list[${i === 0 ? 'requirements.txt' : 'value1'}-${field}]`,
      () => refuses({ [camelCase(field)]: value }, /must be a list of strings or None/),
    ]),
  ),
);

const PAIRS: Cases = Object.fromEntries(
  ['secrets.txt', ['secret_src', 'id', 'secret_dst']].map((value, i): [string, Case] => [
    `test_image_spec_validation_two_string_tuple_list[${i === 0 ? 'secrets.txt' : 'value1'}-pip_secret_mounts]`,
    () => refuses({ pipSecretMounts: value }, /must be a list of tuples of two strings or None/),
  ]),
);

const exclusive = (lock: string): RegExp => new RegExp(`Support for ${lock} files and packages is mutually exclusive`);

const LOCKS: Cases = Object.fromEntries(
  ['uv.lock', 'poetry.lock'].flatMap((lock): [string, Case][] => [
    [`test_lock_errors_no_pyproject_toml[${lock}]`, () => refusedLock([lock], {}, /pyproject\.toml/)],
    [
      `test_uv_lock_error_no_packages[${lock}]`,
      () => refusedLock([lock, 'pyproject.toml'], { packages: ['ruff'] }, exclusive(lock)),
    ],
  ]),
);

const CONDA: Cases = Object.fromEntries(
  [
    ['conda_packages', 'ruff'],
    ['conda_channels', 'bioconda'],
  ].map(([key = '', value]): [string, Case] => [
    `test_python_exec_errors[${key}-value]`,
    () =>
      refuses(
        { baseImage: 'debian', pythonExec: '/usr/bin/python3', [camelCase(key)]: [value] },
        new RegExp(`\`${camelCase(key)}\` is not supported`),
        'NOT_SUPPORTED',
      ),
  ]),
);

const CASES: Cases = { ...SPECS, ...LISTS, ...PAIRS, ...LOCKS, ...CONDA };

/** Cases that are elsewhere: how many pytest counts of each function. */
const ELSEWHERE: Readonly<Record<string, number>> = {
  test_nested_build: 1,
  test_image_spec_engine_priority: 1,
  test_build_existing_image_with_force_push: 1,
  test_no_build_during_execution: 1,
  test_update_image_spec_copy_handling: 1,
  test_image_spec_from_env_error: 1,
  test_image_spec_from_env_with_pinned_packages: 1,
  test_image_spec_from_env_empty: 1,
  test_noop_builder_updates_image_name_mapping: 1,
  test_create_docker_context: 1,
  test_create_docker_context_with_git_subfolder: 1,
  test_create_docker_context_with_null_entrypoint: 1,
  test_create_docker_context_with_flytekit: 3,
  test_build: 1,
  test_should_push_env: 2,
  test_build_raises_if_tag_changed: 1,
  test_create_docker_context_uv_lock: 1,
  test_create_poetry_lock: 1,
  test_python_exec: 1,
  test_github_credential_as_secret: 1,
  test_noop_builder: 1,
  test_noop_builder_error: 2,
  test_noop_builder_should_build: 1,
};

const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);

describe('flytekit’s cases', () => {
  it.each(Object.entries(CASES))('%s', async (_name, check) => check());

  it('are 59, and docs/flytekit.md has a line for each function', async () => {
    expect(Object.keys(CASES).length + sum(Object.values(ELSEWHERE))).toBe(59);
    const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'flytekit.md'), 'utf8');
    const told = [...page.matchAll(/^\| `(test_\w+)`/gm)].map(([, name]) => name);
    const names = [...Object.keys(CASES).map((name) => name.split('[')[0]), ...Object.keys(ELSEWHERE)];
    expect(told).toHaveLength(new Set(names).size);
    expect(new Set(told)).toEqual(new Set(names));
  });
});
