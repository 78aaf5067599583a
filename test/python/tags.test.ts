import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Interpreter } from '../../src/python/interpreter.ts';
import { bestWheel, compatibleTags, parseWheelFilename } from '../../src/python/tags.ts';
import { interpreterOf } from './targets.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/python/tags');

const TARGETS: Readonly<Record<string, Interpreter>> = {
  'cp311-glibc-x86_64': interpreterOf('3.11.2'),
  'cp314-glibc-aarch64': interpreterOf('3.14.0', { machine: 'aarch64', libc: { kind: 'glibc', major: 2, minor: 41 } }),
  'cp312-musl-x86_64': interpreterOf('3.12.1', { libc: { kind: 'musl', major: 1, minor: 2 } }),
  'cp313t-glibc-aarch64': interpreterOf('3.13.1', {
    machine: 'aarch64',
    libc: { kind: 'glibc', major: 2, minor: 31 },
    freeThreaded: true,
  }),
  'cp310-glibc-i686': interpreterOf('3.10.9', { machine: 'i686', libc: { kind: 'glibc', major: 2, minor: 17 } }),
  'cp312-glibc-armv6l': interpreterOf('3.12.1', { machine: 'armv6l' }),
};

describe('compatible tags', () => {
  it.each(readdirSync(FOLDER))('are those of packaging, in its order: %s', (file) => {
    const target = TARGETS[file.replace('.json', '')];
    expect(target).toBeDefined();
    expect(compatibleTags(target!)).toEqual(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')));
  });
});

describe('a wheel file name', () => {
  it('spreads compressed tag sets', () => {
    const parsed = parseWheelFilename(
      'PyYAML-6.0.3-1local-cp312.cp313-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    );
    expect(parsed).toEqual({
      name: 'PyYAML',
      version: '6.0.3',
      build: '1local',
      tags: [
        'cp312-abi3-manylinux2014_x86_64',
        'cp312-abi3-manylinux_2_17_x86_64',
        'cp313-abi3-manylinux2014_x86_64',
        'cp313-abi3-manylinux_2_17_x86_64',
      ],
    });
  });

  it.each([
    'numpy-2.0.tar.gz',
    'numpy-2.0-cp312-manylinux.whl',
    'numpy-two-py3-none-any.whl',
    'numpy-2.0-build-py3-none-any.whl',
    'a-b-2.0-1-py3-none-any.whl',
    '../numpy-2.0-py3-none-any.whl',
    'numpy-2.0-1\u001b[2J-py3-none-any.whl',
    'numpy-2.0-py3-none-any/../x.whl',
    `numpy-2.0-py3-none-${'a.'.repeat(200)}any.whl`,
  ])('is refused: %s', (filename) => {
    expect(parseWheelFilename(filename)).toBeUndefined();
  });

  it('reads back what was printed', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
    const set = fc.uniqueArray(word, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        word,
        fc.nat(99),
        fc.option(fc.nat(9)),
        set,
        set,
        set,
        (name, major, build, python, abi, platform) => {
          const sets = [python, abi, platform].map((one) => one.join('.')).join('-');
          const filename = `${name}-${major}.0-${build === null ? '' : `${build}-`}${sets}.whl`;
          const parsed = parseWheelFilename(filename);
          expect(parsed).toMatchObject({ name, version: `${major}.0`, build: build === null ? undefined : `${build}` });
          expect(parsed?.tags).toHaveLength(python.length * abi.length * platform.length);
        },
      ),
    );
  });
});

describe('the best wheel', () => {
  const tags = compatibleTags(interpreterOf('3.12.1'));
  const best = (...names: string[]): string | undefined =>
    bestWheel(
      names.map((name) => ({ filename: `x-1.0-${name}.whl` })),
      tags,
    )?.filename.slice(6, -4);

  it.each([
    [['py3-none-any', 'cp312-cp312-manylinux_2_17_x86_64'], 'cp312-cp312-manylinux_2_17_x86_64'],
    [['cp312-cp312-manylinux_2_17_x86_64', 'cp312-cp312-manylinux_2_28_x86_64'], 'cp312-cp312-manylinux_2_28_x86_64'],
    [['cp37-abi3-manylinux1_x86_64', 'cp310-abi3-manylinux1_x86_64'], 'cp310-abi3-manylinux1_x86_64'],
    [['py2.py3-none-any', 'py2-none-any'], 'py2.py3-none-any'],
    [['1-py3-none-any', 'py3-none-any', '10-py3-none-any', '2-py3-none-any'], '10-py3-none-any'],
    [['1b-py3-none-any', '1a-py3-none-any'], '1b-py3-none-any'],
    [['cp312-cp312-manylinux_2_39_x86_64', 'cp312-cp312-musllinux_1_2_x86_64', 'cp311-cp311-linux_x86_64'], undefined],
    [['cp312-cp312-manylinux_2_17_aarch64', 'cp312-cp312-win_amd64', 'cp312-cp312t-linux_x86_64'], undefined],
  ])('of %j is %s', (names, expected) => {
    expect(best(...names)).toBe(expected);
  });
});
