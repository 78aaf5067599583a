import { array, assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellWords } from '../../src/python/shell-words.ts';

describe('words of a command line', () => {
  it.each([
    ['', []],
    ['  --pre\t--no-deps \n', ['--pre', '--no-deps']],
    [`--a='x y' --b="x y" --c=x\\ y`, ['--a=x y', '--b=x y', '--c=x y']],
    [`"" ''`, ['', '']],
    [`"a\\"b\\\\c\\d" 'a\\b'`, ['a"b\\c\\d', 'a\\b']],
    ['name@1.0#sub --x=#1', ['name@1.0#sub', '--x=#1']],
    ['one\\\ntwo "one\\\ntwo"', ['onetwo', 'onetwo']],
  ])('are split as a shell splits them: %j', (text, words) => {
    expect(shellWords(text)).toEqual(words);
  });

  it.each(['"open', "it's", 'a; b', 'a && b', 'a | b', '$HOME', '"$HOME"', '`id`', '"`id`"', '*.whl', 'a > b', '# c'])(
    'are none where a shell would do more, or wait: %s',
    (text) => {
      expect(shellWords(text)).toBeUndefined();
    },
  );

  it('are the same again after quoting', () => {
    const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
    assert(
      property(array(string({ unit: 'binary' })), (words) => {
        expect(shellWords(words.map(quote).join(' '))).toEqual(words);
      }),
    );
  });
});
