import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSpec } from '../../src/spec/check.ts';
import type { ImageSpecFields } from '../../src/spec/spec.ts';
import { isImageSpec } from '../../src/spec/mark.ts';
import { ImageSpec, specOf } from '../../src/spec/spec.ts';
import { expectCode } from '../expect-code.ts';

const directory = join(import.meta.dirname, '..', '..', 'fixtures', 'spec', 'tag');

describe('ImageSpec', () => {
  it('has flytekit’s defaults', () => {
    const spec = new ImageSpec();
    expect([spec.name, spec.platforms, spec.packages, spec.baseImage]).toEqual([
      'flytekit',
      ['linux/amd64'],
      undefined,
      undefined,
    ]);
  });

  it('holds what it was given, cleaned', () => {
    const spec = new ImageSpec({
      name: 'My-App',
      registry: 'https://GHCR.io/acme/',
      pythonVersion: '3.12',
      env: { DEBUG: 1, VERBOSE: true },
      platform: 'linux/amd64, linux/arm64',
      entrypoint: [],
      pipExtraIndexUrl: ['https://index.example/simple'],
    });
    expect([spec.name, spec.registry, spec.pythonVersion]).toEqual(['my-app', 'ghcr.io/acme', '3.12']);
    expect([...(spec.env ?? [])]).toEqual([
      ['DEBUG', '1'],
      ['VERBOSE', 'true'],
    ]);
    expect(spec.platforms).toEqual(['linux/amd64', 'linux/arm64']);
    expect([spec.entrypoint, spec.pipExtraIndexUrl]).toEqual([[], ['https://index.example/simple']]);
  });

  it('cannot be changed, nor through the lists it was made of', () => {
    const packages = ['a'];
    const spec = new ImageSpec({ packages });
    packages.push('b');
    expect(spec.packages).toEqual(['a']);
    expect(() => Object.assign(spec, { name: 'other' })).toThrow(TypeError);
    expect(() => (spec.packages as string[]).push('b')).toThrow(TypeError);
  });

  it('refuses what the schema refuses', async () => {
    await expectCode(() => new ImageSpec({ name: 'a b' }), 'SPEC_INVALID');
    await expectCode(() => new ImageSpec({ cuda: '12' }), 'NOT_SUPPORTED');
    await expectCode(() => new ImageSpec({ nam: 'x' } as ImageSpecFields), 'SPEC_INVALID');
  });

  it('is recognised across copies of the package', () => {
    expect([isImageSpec(new ImageSpec()), isImageSpec({}), isImageSpec(null)]).toEqual([true, false, false]);
  });
});

describe('the tag of an ImageSpec', () => {
  it.each<[ImageSpecFields, string]>([
    [{ name: 'My_Image' }, 'kiQjdhXmLERkOgAial3fPQ'],
    [{ name: 'x', packages: [] }, 'qzQgM0rPOWLnkXcbwAV_eg'],
    [{ name: 'x', requirements: 'req.txt' }, 'kR96yp6rNRcwcY4ElBaeXA'],
    [{ name: 'x', copy: ['d'] }, '2xC8_ombgW1jSN_dLXsKNQ'],
    [{ name: 'x', sourceCopyMode: 'NO_COPY' }, 'bouiR93k6cQIXd6OX_w62Q'],
    [{ name: 'x', sourceRoot: 'd', sourceCopyMode: 'ALL' }, 'yrEqgzxcASjoHSE0kcSBZQ'],
    [{ name: 'x', builder: 'default', runtimePackages: [], registryConfig: null }, '2_M1c2Bnofxr6_tGrR8Hxg'],
    [
      { name: 'app', registry: 'reg.example.com/Acme', packages: ['pandas==2.2.1'], pythonVersion: '3.12' },
      'JHbrsKq7kr7WSmw_LHqCtg',
    ],
  ])('of %j is flytekit’s', async (fields, tag) => {
    expect(await new ImageSpec(fields).tag({ directory })).toBe(tag);
  });

  it('tells an empty list of an unsupported field from none, as flytekit does', async () => {
    const tags = [new ImageSpec({ name: 'x', aptPackages: [], builderOptions: {} }), new ImageSpec({ name: 'x' })].map(
      (spec) => spec.tag(),
    );
    const [empty, none] = await Promise.all(tags);
    expect(empty).not.toBe(none);
  });

  it('is part of the full name', async () => {
    const spec = new ImageSpec({ name: 'x', registry: 'https://ghcr.io/Acme' });
    expect(await spec.imageName()).toBe(`ghcr.io/acme/x:${await spec.tag()}`);
  });

  it('differs from the id by file content and by its letters', () => {
    expect(new ImageSpec({ name: 'x' }).id).toBe('2-M1c2Bnofxr6_tGrR8Hxg');
  });

  it('needs a directory only for relative files', async () => {
    const error = await expectCode(() => new ImageSpec({ name: 'x', copy: ['d'] }).tag(), 'USAGE');
    expect(error.message).toBe('The tag of "x" follows from files, but no directory was given');
    await expectCode(() => new ImageSpec({ requirements: 'req.txt' }).imageName(), 'USAGE');
    await expectCode(() => new ImageSpec({ sourceRoot: 'd', sourceCopyMode: 'ALL' }).tag(), 'USAGE');
    expect(await new ImageSpec({ name: 'x', requirements: join(directory, 'req.txt') }).tag()).toBe(
      'kR96yp6rNRcwcY4ElBaeXA',
    );
    expect(await new ImageSpec({ name: 'x', copy: [] }).tag()).toHaveLength(22);
    expect(await new ImageSpec({ sourceRoot: 'd', sourceCopyMode: 'NO_COPY' }).tag()).toHaveLength(22);
    const sources = { name: 'x', sourceRoot: join(directory, 'd'), sourceCopyMode: 'ALL' } as const;
    expect(await new ImageSpec(sources).tag()).toBe('yrEqgzxcASjoHSE0kcSBZQ');
    const listed = new ImageSpec({ name: 'x', sourceRoot: 'd', sourceFiles: ['sub/a.txt'] });
    expect(listed).toMatchObject({ sourceRoot: 'd', sourceCopyMode: undefined, sourceFiles: ['sub/a.txt'] });
    expect(listed.toJSON()).toEqual({ name: 'x', source_root: 'd', source_files: ['sub/a.txt'] });
    expect((await listed.imageName({ directory })).startsWith('x:')).toBe(true);
  });
});

describe('the methods of an ImageSpec', () => {
  it('append and leave the original as it is', () => {
    const spec = new ImageSpec({
      packages: ['pandas'],
      env: new Map([
        ['2', ''],
        ['1', ''],
      ]),
    });
    const more = spec.withPackages('numpy').withPackages(['scipy', 'torch']).withCopy('a').withCopy(['b']);
    expect([more.packages, more.copy]).toEqual([
      ['pandas', 'numpy', 'scipy', 'torch'],
      ['a', 'b'],
    ]);
    expect([...(more.env?.keys() ?? [])]).toEqual(['2', '1']);
    expect([spec.packages, spec.copy]).toEqual([['pandas'], undefined]);
  });

  it('that ask for what is not supported yet say so by name', async () => {
    const spec = new ImageSpec();
    await expectCode(() => spec.withRuntimePackages(['numpy']), 'NOT_SUPPORTED');
    await expectCode(() => spec.withBuilderOptions({ key: 'value' }), 'NOT_SUPPORTED');
    expect(spec.withBuilderOptions({}).withCommands(['true']).toJSON()).toEqual({
      commands: ['true'],
      builder_options: {},
    });
  });

  it('leave flytekit’s tag alone until a parameter of our own is set', async () => {
    const plain = new ImageSpec({ name: 'x', aptPackages: ['git'] });
    const sources = ['deb http://mirror.example/debian bookworm main'];
    const others = [{ aptSources: sources }, { aptEssential: true }, { aptConfigure: 'never' as const }];
    const tags = await Promise.all(
      [{}, ...others].map((more) => new ImageSpec({ name: 'x', aptPackages: ['git'], ...more }).tag()),
    );
    expect(tags[0]).toBe(await plain.tag());
    expect(new Set(tags).size).toBe(4);
  });

  it('forcePush marks a copy of the same tag, and the mark stays', async () => {
    const spec = new ImageSpec({ name: 'x' });
    const forced = spec.forcePush();
    expect([spec.forced, forced.forced, forced.withPackages('a').forced]).toEqual([false, true, true]);
    expect(await forced.tag()).toBe(await spec.tag());
  });
});

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const fields: fc.Arbitrary<ImageSpecFields> = fc.record(
  {
    name: word,
    pythonVersion: fc.constantFrom('3.9', '3.12.1'),
    env: fc
      .dictionary(word, fc.string())
      .map((env) => Object.fromEntries(Object.entries(env).map(([key, value]) => [key, value.replaceAll('\0', '')]))),
    registry: fc.constantFrom('', 'ghcr.io/acme', 'localhost:5000'),
    packages: fc.array(word),
    condaPackages: fc.constant([]),
    requirements: word,
    baseImage: fc.constantFrom('scratch', 'python:3.12-slim', 'oci:out'),
    platform: fc.constantFrom('linux/amd64', 'linux/amd64,linux/arm64'),
    entrypoint: fc.array(fc.string()),
    tagFormat: fc.constant('{spec_hash}-dev'),
    copy: fc.array(word),
    builderOptions: fc.constant({}),
  },
  { requiredKeys: [] },
);

describe('toJSON', () => {
  it('is what a spec file would hold, and reads back equal', () => {
    fc.assert(
      fc.property(fields, (given) => {
        const spec = new ImageSpec(given);
        const back = specOf(checkSpec(JSON.parse(JSON.stringify(spec)), { name: 'back', naming: 'snake_case' }));
        expect(back.toJSON()).toEqual(spec.toJSON());
        expect(back.id).toBe(spec.id);
      }),
    );
  });

  it('has flytekit’s order and only what was given', () => {
    const spec = new ImageSpec({ copy: ['a'], pythonVersion: '3.12', name: 'x', env: { A: '1' }, cuda: null });
    expect(JSON.stringify(spec)).toBe('{"name":"x","python_version":"3.12","env":{"A":"1"},"copy":["a"]}');
  });
});
