import { describe, expect, it } from 'vitest';
import { parseAptBoolean, readAptConfig } from '../../src/apt/apt-config.ts';
import { expectCode } from '../expect-code.ts';
import { aptFiles } from './apt-files.ts';

const read = (text: string) => Object.fromEntries(readAptConfig(aptFiles({ '/etc/apt/apt.conf': text })));

describe('apt.conf', () => {
  it.each([
    ['a name with colons', 'Acquire::Check-Date "no";', { 'acquire::check-date': 'no' }],
    ['braces', 'Acquire { Check-Date "no"; Retries "3"; };', { 'acquire::check-date': 'no', 'acquire::retries': '3' }],
    ['both', 'A::B { C::D "x"; }', { 'a::b::c::d': 'x' }],
    ['no quotes', 'APT::Default-Release stable;', { 'apt::default-release': 'stable' }],
    ['no last semicolon', 'A { B "x" }', { 'a::b': 'x' }],
    ['marks within quotes', 'A "x; { } // #";', { a: 'x; { } // #' }],
    ['comments', '// A "1";\n# A "2";\n/* A "3";\n */ A "4"; // A "5";\n', { a: '4' }],
    ['lists, which are read over', 'A { "one"; "two"; }; B:: "x"; C "y";', { c: 'y' }],
    ['the last word', 'A "1"; A "2";', { a: '2' }],
    ['#clear', 'A::B "1"; A::C "2"; AB "3"; #clear A;', { ab: '3' }],
    ['an empty value', 'A "";', { a: '' }],
    ['a path', 'Dir::Etc /etc/apt/x; B "1";', { 'dir::etc': '/etc/apt/x', b: '1' }],
  ])('understands %s', (_name, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('is read part by part in the order of the names, and the one file last', () => {
    const folder = aptFiles({
      '/etc/apt/apt.conf': 'C "file";',
      '/etc/apt/apt.conf.d/20b.conf': 'A "20"; B "20"; C "20";',
      '/etc/apt/apt.conf.d/10a': 'A "10"; B "10";',
      '/etc/apt/apt.conf.d/99.disabled': 'A "99";',
    });
    expect(Object.fromEntries(readAptConfig(folder))).toEqual({ a: '20', b: '20', c: 'file' });
  });

  it.each([
    ['A { B "x";', 'a brace is not closed'],
    ['A "x"; }', 'a brace is closed that was not opened'],
    ['A { '.repeat(100), 'deep'],
    [`A "${'x'.repeat(2 << 20)}";`, 'longer than'],
  ])('is refused if it is none', async (text, words) => {
    const error = await expectCode(() => read(text), 'APT_SOURCES_INVALID');
    expect(error.message).toContain('/etc/apt/apt.conf');
    expect(error.message).toContain(words);
  });

  it('has its own words for yes and no', () => {
    expect(['yes', 'TRUE', 'with', 'on', 'enable', '1'].map(parseAptBoolean)).toEqual(Array(6).fill(true));
    expect(['no', 'False', 'without', 'off', 'disable', '0'].map(parseAptBoolean)).toEqual(Array(6).fill(false));
    expect(parseAptBoolean('maybe')).toBeUndefined();
  });
});
