import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { markerEnvironment, markerHolds, withExtras } from '../../src/python/markers.ts';
import { expectCode } from '../expect-code.ts';
import { interpreterOf } from './targets.ts';

const FILE = join(import.meta.dirname, '../../fixtures/python/markers.json');
const vectors = JSON.parse(readFileSync(FILE, 'utf8')) as Readonly<Record<string, boolean>>;
const environment = markerEnvironment(interpreterOf('3.12.1', { machine: 'aarch64' }), {
  extras: [],
  groups: ['Dev.Tools'],
});

describe('markers', () => {
  it.each(Object.entries(vectors))('hold as in packaging: %s', (marker, holds) => {
    expect(markerHolds(marker, environment)).toBe(holds);
  });

  it('see pre-releases of the interpreter', () => {
    const early = markerEnvironment(interpreterOf('3.14.0rc1'));
    expect(markerHolds('python_version >= "3.14"', early)).toBe(true);
    expect(markerHolds('python_full_version >= "3.14"', early)).toBe(false);
  });

  it('of locks that write extras as lists do hold for each of several', () => {
    const several = withExtras(markerEnvironment(interpreterOf('3.12.1'), { extras: ['CLI', 'web'], groups: [] }));
    const holding = ['extra == "cli"', '"Web" == extra', 'extra == "cli" and extra == "web"', 'extra != "docs"'];
    expect(holding.filter((marker) => !markerHolds(marker, several))).toEqual([]);
    const failing = ['extra == "docs"', 'extra != "web"', 'python_version < "3" and extra == "cli"'];
    expect(failing.filter((marker) => markerHolds(marker, several))).toEqual([]);
    expect(() => markerHolds('extra >= "cli"', several)).toThrow('is not an environment marker');
  });

  it.each([
    '',
    'python_version',
    'python_version >=',
    'python_version >= 3.8',
    'python_version >= "3.8" and',
    '(python_version >= "3.8"',
    'python_version >= "3.8")',
    'python_version not "3.8"',
    'machine == "x86_64"',
    'sys_platform ~= "linux"',
    'constructor == "x"',
    'extras == "x"',
    '"x" == extras',
    '"x" >= "y',
    '('.repeat(5000),
  ])('are refused by name: %s', async (marker) => {
    const error = await expectCode(() => markerHolds(marker, environment), 'REQUIREMENTS_INVALID');
    expect(error.message).toContain('is not an environment marker');
  });
});
