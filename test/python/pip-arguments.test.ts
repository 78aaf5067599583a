import { describe, expect, it } from 'vitest';
import type { ArgumentProblem, PipArguments } from '../../src/python/pip-arguments.ts';
import { isProblem, readPipArguments } from '../../src/python/pip-arguments.ts';

const NOTHING: PipArguments = {
  resolver: [],
  noBinary: [],
  onlyBinary: [],
  constraints: [],
  overrides: [],
  requireHashes: false,
  indexUrl: undefined,
  extraIndexUrls: [],
  findLinks: [],
  keyring: false,
  extras: [],
  groups: [],
  left: { names: [], folders: 'none' },
};

describe('pip_extra_args', () => {
  it.each<[string, Partial<PipArguments>]>([
    ['', {}],
    ['--pre --no-deps --pre', { resolver: ['--pre', '--no-deps'] }],
    ['--prerelease allow --resolution=lowest', { resolver: ['--prerelease=allow', '--resolution=lowest'] }],
    ['--index-strategy unsafe-best-match', { resolver: ['--index-strategy=unsafe-best-match'] }],
    ['--exclude-newer "2024-01-01T00:00:00Z"', { resolver: ['--exclude-newer=2024-01-01T00:00:00Z'] }],
    ['--no-binary Foo_Bar,baz --only-binary=:all:', { noBinary: ['foo-bar', 'baz'], onlyBinary: [':all:'] }],
    ['-c limits.txt -cmore.txt --override o.txt', { constraints: ['limits.txt', 'more.txt'], overrides: ['o.txt'] }],
    ['--require-hashes', { requireHashes: true }],
    [
      '-i https://a.example/ --index-url=https://u:p@b.example/ --extra-index-url https://c.example/',
      { indexUrl: 'https://u:p@b.example/', extraIndexUrls: ['https://c.example/'] },
    ],
    ['--index corp=https://c.example/', { extraIndexUrls: ['https://c.example/'] }],
    ['-f https://a.example/wheels.html', { findLinks: ['https://a.example/wheels.html'] }],
    ['--keyring-provider subprocess', { keyring: true }],
    ['--extra Cli --group=prod', { extras: ['cli'], groups: ['prod'] }],
    ['--no-install-package A.b', { left: { names: ['a-b'], folders: 'none' } }],
    ['--no-install-workspace', { left: { names: [], folders: 'workspace' } }],
    ['--no-directory', { left: { names: [], folders: 'all' } }],
    ['--no-cache-dir -q --no-compile --disable-pip-version-check --prefer-binary --progress-bar off', {}],
    ['-U --upgrade-package idna', { resolver: ['-U', '--upgrade-package=idna'] }],
  ])('are followed, or change nothing: %s', (text, expected) => {
    expect(readPipArguments(text)).toEqual({ ...NOTHING, ...expected });
  });

  it.each<[string, RegExp, RegExp]>([
    ['--target /x', /has the option --target, which is not supported yet$/, /no counterpart/],
    ['--user', /has the option --user, which is not supported yet$/, /no counterpart/],
    ['--compile', /has the option --compile, which/, /`compile: true`/],
    ['--pre=yes', /has the option --pre,/, /./],
    ['-e .', /has the option -e, which/, /`packages`/],
    ['--all-extras', /--all-extras, which/, /`extras`/],
    ['--trusted-host index.example', /--trusted-host, which/, /SSL_CERT_FILE/],
    ['numpy', /has "numpy", which is no option/, /`packages`/],
    ['--constraint', /has --constraint without its value/, /./],
    ['--find-links ./wheels', /a folder of this machine, which is not supported yet$/, /https URL/],
    ['--index-url ./simple', /no URL, which is not supported yet$/, /https URL/],
    ['--keyring-provider import', /with import, which is not supported yet$/, /subprocess/],
    ['--pre; rm -rf /', /is not a list of plain words/, /no shell/],
    ['https://u:secret@a.example/', /"https:\/\/\*\*\*@a\.example\/"/, /./],
  ])('are refused by name: %s', (text, what, todo) => {
    const read = readPipArguments(text);
    expect(isProblem(read)).toBe(true);
    expect((read as ArgumentProblem).what).toMatch(what);
    expect((read as ArgumentProblem).todo).toMatch(todo);
  });
});
