import { describe, expect, it } from 'vitest';
import { checkNames } from '../../src/python/zip-names.ts';
import { expectCode } from '../expect-code.ts';

const refused = async (names: readonly string[], words: string): Promise<void> => {
  const error = await expectCode(() => checkNames(names, 'wheel x'), 'WHEEL_INVALID');
  expect(error.message).toBe(`wheel x ${words}`);
};

describe('names in a zip', () => {
  it('are relative paths, each once', () => {
    const names = ['a/', 'a/b.py', 'a/c/', 'a/c/d e.py', 'a.b..c', '..a', 'größe', '.hidden', 'c.d:e', 'A.py/x', 'b'];
    expect(() => checkNames(names, 'wheel x')).not.toThrow();
  });

  it.each([
    ['', ''],
    ['/etc/passwd', '/etc/passwd'],
    ['//host/share', '//host/share'],
    ['..', '..'],
    ['../x', '../x'],
    ['a/../../x', 'a/../../x'],
    ['a/./x', 'a/./x'],
    ['a//x', 'a//x'],
    ['a\\x', 'a\\x'],
    ['..\\x', '..\\x'],
    ['C:/x', 'C:/x'],
    ['c:x', 'c:x'],
    ['a\0.py', 'a .py'],
    ['a\u001b[2Jx', 'a [2Jx'],
    ['a\nx', 'a x'],
    // What is left of bytes that are not UTF-8.
    ['a\ufffd', 'a\ufffd'],
  ])('are refused as paths: %j', async (name, shown) => {
    await refused(['ok.py', name], `has a member with a path that is not allowed: "${shown}"`);
  });

  it('are refused twice', async () => {
    await refused(['a.py', 'b.py', 'a.py'], 'has the member "a.py" twice');
  });

  it.each([
    ['a.py', 'A.py'],
    ['Straße/x', 'STRAßE/x'],
    ['caf\u00e9', 'cafe\u0301'],
    ['lib', 'LIB/'],
  ])('are refused where only some systems tell them apart: %s and %s', async (a, b) => {
    await refused([a, b], `has two members that some systems cannot tell apart: "${a}" and "${b}"`);
  });

  it.each([[['a', 'a/b.py']], [['a/b.py', 'a']], [['x/y/z/b.py', 'x/y/z/c.py', 'x/y']], [['A', 'a/b/c']]])(
    'are refused for both a file and a folder: %j',
    async (names) => {
      const error = await expectCode(() => checkNames(names, 'wheel x'), 'WHEEL_INVALID');
      expect(error.message).toContain('both as a file and as a folder');
    },
  );

  it('of any length are told in a line', async () => {
    const error = await expectCode(() => checkNames([`/${'x'.repeat(60_000)}`], 'wheel x'), 'WHEEL_INVALID');
    expect(error.message.length).toBeLessThan(1000);
  });
});
