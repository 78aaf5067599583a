import { describe, expect, it } from 'vitest';
import type { RequirementLine } from '../../src/python/requirement-lines.ts';
import { logicalLines, parseRequirementLine, withoutEditable } from '../../src/python/requirement-lines.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;

describe('logical lines', () => {
  it('join continuations, drop comments and keep the number of their first line', () => {
    const content = [
      '\uFEFF# a list',
      'numpy==2.0 \\',
      '    --hash=sha256:aa \\',
      '    # between',
      'pandas # with a comment',
      '',
      'x @ https://index.example/x-1-py3-none-any.whl#sha256=00',
      '  requests\\',
      '>=2\\',
    ].join('\r\n');
    expect(logicalLines(content)).toEqual([
      { number: 2, text: 'numpy==2.0     --hash=sha256:aa' },
      { number: 5, text: 'pandas' },
      { number: 7, text: 'x @ https://index.example/x-1-py3-none-any.whl#sha256=00' },
      { number: 8, text: 'requests>=2' },
    ]);
  });
});

describe('a requirement line', () => {
  const named = (name: string, ...hashes: string[]) => ({ kind: 'package', name, hashes });
  it.each<[string, object]>([
    ['Foo.Bar_baz', named('foo-bar-baz')],
    ['uvicorn[standard]>=0.30,<1', named('uvicorn')],
    ['numpy (>=1.0)', named('numpy')],
    ["typing-extensions; python_version < '3.11'", named('typing-extensions')],
    ['x === latest', named('x')],
    ['x~=1.0', named('x')],
    ['x @ https://index.example/files/x-1.0-py3-none-any.whl ; os_name == "posix"', named('x')],
    ['https://index.example/files/My_Pkg-1.0-py3-none-any.whl#sha256=00', named('my-pkg')],
    [`x==1 --hash=${A} --hash ${B.toUpperCase().replace('SHA', 'sha')}`, named('x', A, B)],
    [`x==1 --hash=sha512:00 --hash=${A}`, named('x', A)],
    ['-r base.txt', { kind: 'include', path: 'base.txt', limits: false }],
    ['-cbase.txt', { kind: 'include', path: 'base.txt', limits: true }],
    ['--requirement=sub/base.txt', { kind: 'include', path: 'sub/base.txt', limits: false }],
    ['--constraint "my limits.txt"', { kind: 'include', path: 'my limits.txt', limits: true }],
    ['-i https://index.example/simple', { kind: 'index', url: 'https://index.example/simple' }],
    ['--extra-index-url=https://me:pw@index.example/', { kind: 'index', url: 'https://me:pw@index.example/' }],
    ['--find-links ./wheels', { kind: 'index', url: './wheels' }],
    ['--require-hashes', { kind: 'require-hashes' }],
    ['--pre', { kind: 'other' }],
    ['git+https://me:token@git.example/x.git@main', { kind: 'source', name: undefined, hashes: [] }],
    ['git+ssh://git@git.example/x.git#egg=My_Pkg&subdirectory=py', { kind: 'source', name: 'my-pkg', hashes: [] }],
    ['X @ git+https://git.example/x', { kind: 'source', name: 'x', hashes: [] }],
    ['x @ https://index.example/x-1.0.tar.gz', { kind: 'source', name: 'x', hashes: [] }],
    ['https://index.example/%E0%A4%A', { kind: 'source', name: undefined, hashes: [] }],
    ['--no-binary :all:', { kind: 'other' }],
  ])('is understood: %s', (line, expected) => {
    expect(parseRequirementLine(line)).toEqual(expected);
  });

  it.each([
    ['x @ hg+http://hg.example/x', 'a source repository that is not git, hg+http://hg.example/x'],
    ['./pkg#subdirectory=a', 'the local path ./pkg#subdirectory=a'],
  ])('is refused by name: %s', (line, what) => {
    expect(parseRequirementLine(line)).toMatchObject({ kind: 'refused', what } satisfies Partial<RequirementLine>);
  });

  it.each<[line: string, path: string, name: string | undefined, at: string]>([
    ['.', '.', undefined, 'file:///x'],
    ['-e .', '.', undefined, 'file:///x'],
    ['-e pkg', './pkg', undefined, 'file:///x'],
    ['--editable=./pkg[a,b]', './pkg', undefined, 'file:///x[a,b]'],
    ['../pkg[extra] ; os_name == "posix"', '../pkg', undefined, 'file:///x[extra] ; os_name == "posix"'],
    ['/srv/pkg#egg=pkg', '/srv/pkg', undefined, 'file:///x'],
    ['file:pkg', 'pkg', undefined, 'file:///x'],
    ['file:///srv/my%20pkg', '/srv/my pkg', undefined, 'file:///x'],
    ['file:///srv/100%', '/srv/100%', undefined, 'file:///x'],
    ['Demo [a] @ ./Demo', './Demo', 'demo', 'Demo [a] @ file:///x'],
    ['x @ file:///srv/x-1.0-py3-none-any.whl', '/srv/x-1.0-py3-none-any.whl', 'x', 'x @ file:///x'],
    ['dist/x-1.0-py3-none-any.whl', 'dist/x-1.0-py3-none-any.whl', undefined, 'file:///x'],
    ['x-1.0.tar.gz ; os_name == "posix"', 'x-1.0.tar.gz', undefined, 'file:///x ; os_name == "posix"'],
    [`./x-1.0.tar.gz --hash=${A}`, './x-1.0.tar.gz', undefined, `file:///x --hash=${A}`],
  ])('names something of this host: %s', (text, path, name, at) => {
    const line = parseRequirementLine(text);
    expect(line).toMatchObject({ kind: 'local', path, name, hashes: text.includes('--hash') ? [A] : [] });
    expect(line.kind === 'local' && line.at('file:///x')).toBe(at);
  });

  it('may ask for an editable install of a repository, which uv knows of folders alone', () => {
    expect(parseRequirementLine('-e git+https://git.example/x#egg=x')).toMatchObject({ kind: 'source', name: 'x' });
    expect(withoutEditable('--editable=git+https://git.example/x')).toBe('git+https://git.example/x');
    expect(withoutEditable('-egit+https://git.example/x')).toBe('git+https://git.example/x');
  });

  it.each(['-e', 'numpy 2.0', '=1.0', 'x=1', 'x @', '[extra]', 'x==1 --hash=md5:00'])(
    'is told to be wrong: %s',
    (line) => {
      expect(parseRequirementLine(line).kind).toBe('invalid');
    },
  );
});
