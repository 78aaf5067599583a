// What `.dockerignore` lets pass. The answers are those of docker-py's PatternMatcher; the system tests ask it itself.
import { describe, expect, it } from 'vitest';
import { dockerIgnore } from '../../src/filesystem/docker-ignore.ts';
import { expectCode } from '../expect-code.ts';

const ignores = (...lines: string[]) => dockerIgnore(`${lines.join('\n')}\n`, '/x/.dockerignore');

describe('dockerIgnore', () => {
  it.each([
    ['a name', 'a', ['a', 'a/b', 'a/b/c', 'A'], ['b/a', 'ab']],
    ['slashes at the ends', '/a/', ['a', 'a/b'], ['b/a']],
    ['a path', 'a/b', ['a/b', 'a/b/c'], ['a', 'a/c', 'b']],
    ['dots', './a/./b', ['a/b'], ['a/c']],
    ['a way up', 'a/../b', ['b', 'b/c'], ['a', 'a/b']],
    ['a way above the folder', '../a', ['a'], ['b']],
    ['white space at the ends', '  a \t', ['a'], ['a ']],
    ['a star', '*.txt', ['x.txt', '.txt', 'x.TXT'], ['a/x.txt', 'x.txt2']],
    ['a star for a folder', '*/x', ['a/x', 'a/x/y'], ['x', 'a/b/x']],
    ['all', '*', ['a', 'a/b', '.x'], []],
    ['all, but the file itself', '*', ['b'], ['.dockerignore']],
    ['a question mark', 'a?c', ['abc', 'a😀c', 'a\nc'], ['ac', 'a/c']],
    ['two stars in front', '**/x', ['x', 'a/x', 'a/b/x', 'a/x/y'], ['ax', 'a/b/x/y', 'x/y']],
    ['two stars behind', 'a/**', ['a/b', 'a/b/c'], ['a', 'b']],
    ['two stars between', 'a/**/b', ['a/b', 'a/c/b', 'a/c/d/b'], ['a', 'ab', 'c/b']],
    ['two stars at both ends', '**/x/**', ['x/y', 'a/x/y', 'a/b/x/y/z'], ['x', 'a/x']],
    ['two stars alone', '**', ['a', 'a/b'], ['.dockerignore']],
    ['two stars in a name', 'a**b', ['ab', 'a/b', 'ax/b'], ['axb']],
    ['a set', '[a-c]x', ['ax', 'bx', 'CX'], ['dx', '-x']],
    ['the rest of a set', '[!a-c]x', ['dx'], ['ax', 'x']],
    ['a set of brackets', '[]]', [']'], ['[']],
    ['a set of a caret', '[^a]', ['^', 'a'], ['b']],
    ['a set with a backslash', '[\\w]', ['w', '\\'], ['a']],
    ['a bracket that is not closed', '[a', ['[a'], ['a']],
    ['letters with a meaning to others', 'a+(b){c}|$.^\\d', ['a+(b){c}|$.^\\d'], ['aab', 'a+(b){c}|$x^\\d']],
    ['letters beyond ASCII', 'É.*', ['é.txt', 'É.x'], ['e.txt']],
  ])('knows %s', (_what, pattern, out, kept) => {
    const is = ignores(pattern);
    expect(out.filter((path) => !is(path))).toEqual([]);
    expect(kept.filter(is)).toEqual([]);
  });

  it('passes over comments and what says nothing, but not over a number sign further in', () => {
    const is = ignores('# a', '', '!', '.', ' # b', 'c # d');
    expect(['a', '# a', 'c', 'x'].filter(is)).toEqual([]);
    expect(['# b', 'c # d'].filter((path) => !is(path))).toEqual([]);
  });

  it('has the last pattern that matches decide', () => {
    const is = ignores('*.txt', '!keep.txt', 'docs', '!docs/a', '!docs/b/c', 'docs/a/x');
    expect(['x.txt', 'docs/x', 'docs/b', 'docs/a/x', 'docs/a/x/y'].filter((path) => !is(path))).toEqual([]);
    expect(['keep.txt', 'docs/a', 'docs/a/y', 'docs/b/c/d'].filter(is)).toEqual([]);
    expect(ignores('!a', 'a')('a')).toBe(true);
  });

  it('can leave the file itself out of no image', () => {
    expect(ignores('.dockerignore')('.dockerignore')).toBe(false);
    expect(ignores('**/.dockerignore')('a/.dockerignore')).toBe(true);
  });

  it('takes all ends of lines, and a byte order mark as a letter', () => {
    const is = dockerIgnore('\ufeffa\r\nb\rc\u2028\n', 'x');
    expect(['b', 'c'].filter((path) => !is(path))).toEqual([]);
    expect(is('a')).toBe(false);
  });

  it('refuses a range that ends before it starts', async () => {
    const error = await expectCode(() => ignores('x', 'a[z-a]'), 'COPY_INVALID');
    expect(error.message).toBe('/x/.dockerignore has a pattern that cannot be understood: "a[z-a]"');
  });
});
