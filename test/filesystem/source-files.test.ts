// Which files of a folder are sources; flytekit's own cases (tests/flytekit/unit/tools/test_ignore.py) are among them.
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { listSources, sortAsPython } from '../../src/filesystem/source-files.ts';
import { expectCode } from '../expect-code.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

let root: string;

beforeEach(async () => {
  root = await temporaryFolder();
});

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

const list = (prefix = '') => listSources({ root, prefix, names: [], without: undefined });

/** A small project, as flytekit's tests have one. */
const PROJECT = {
  'sub/.gitkeep': '',
  'sub/another': '',
  'keep.foo': '',
  'remove.foo': '',
  'keep.me': '',
  'sub/remove.foo': '',
  'sub/remove.me': '',
};

describe('listSources', () => {
  it('are all files of a folder without rules', async () => {
    await write(PROJECT);
    expect(await list()).toEqual(Object.keys(PROJECT).toSorted());
  });

  it('obey the rules of git, also of inner folders, and what they take back', async () => {
    execFileSync('git', ['init', '-q'], { cwd: root });
    await write({ ...PROJECT, '.gitignore': '*.foo\n!keep.foo\n', 'sub/.gitignore': '*.me\n' });
    const kept = ['.gitignore', 'keep.foo', 'keep.me', 'sub/.gitignore', 'sub/.gitkeep', 'sub/another'];
    expect(await list()).toEqual(kept);
  });

  it('do not obey .gitignore outside of a repository', async () => {
    await write({ ...PROJECT, '.gitignore': '*\n' });
    expect(await list()).toEqual(['.gitignore', ...Object.keys(PROJECT).toSorted()]);
  });

  it('obey .dockerignore, and what it takes back', async () => {
    await write({ ...PROJECT, '.dockerignore': '# all of these\n\n**/*.foo\n!keep.foo\nsub/*.me\n' });
    expect(await list()).toEqual(['.dockerignore', 'keep.foo', 'keep.me', 'sub/.gitkeep', 'sub/another']);
  });

  it('obey the .dockerignore of their own folder only', async () => {
    await write({ 'a/.dockerignore': '*', 'a/b': '' });
    expect(await list()).toEqual(['a/.dockerignore', 'a/b']);
  });

  it('are without what Python and tools leave behind', async () => {
    await write({
      'a.pyc': '',
      'a/b.pyc': '',
      '__pycache__/x': '',
      'a/__pycache__/x/y': '',
      '.cache/x/y': '',
      'a/.cache/x': '',
      'a/__pycache__x': '',
      'b.pyc/x': '',
      '.cachex': '',
    });
    expect(await list()).toEqual(['.cachex', 'a/.cache/x', 'a/__pycache__x', 'b.pyc/x']);
  });

  it('are without folders named .git, but not without such files', async () => {
    await write({ '.git/x': '', 'a/.git': 'x', 'b/.git/x': '', 'b/.github/x': '' });
    expect(await list()).toEqual(['a/.git', 'b/.github/x']);
  });

  it('have links to files, not to folders or nowhere', async () => {
    await write({ 'a/x': '' });
    await symlink('a/x', join(root, 'file'));
    await symlink('a', join(root, 'folder'));
    await symlink('nowhere', join(root, 'dangling'));
    await symlink('loop', join(root, 'loop'));
    await symlink('/etc/passwd', join(root, 'outside'));
    expect(await list()).toEqual(['a/x', 'file', 'outside']);
  });

  it('are without sockets', async () => {
    const server = createServer().listen(join(root, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      expect(await list()).toEqual([]);
    } finally {
      server.close();
    }
  });

  it('refuse pipes and names that are not UTF-8, unless they are ignored', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    expect((await expectCode(list, 'COPY_INVALID')).message).toContain('pipe');
    await write({ '.dockerignore': 'pipe\nodd*\n' });
    expect(await list()).toEqual(['.dockerignore']);
    await writeFile(Buffer.concat([Buffer.from(`${root}/odd`), Buffer.from([0xff])]), '');
    await mkdir(Buffer.concat([Buffer.from(`${root}/odder`), Buffer.from([0xff])]));
    expect(await list()).toEqual(['.dockerignore']);
    await write({ '.dockerignore': 'pipe\n' });
    expect((await expectCode(list, 'COPY_INVALID')).message).toContain('not UTF-8');
  });

  it('refuse a .dockerignore that is not UTF-8', async () => {
    await writeFile(join(root, '.dockerignore'), Buffer.from([0xff]));
    expect((await expectCode(list, 'COPY_INVALID')).message).toContain('.dockerignore');
  });

  it('leave out names and paths that they are told to', async () => {
    await write({ 'a/out/x': '', out: '', 'my.lock': '', 'a/my.lock': '' });
    const rest = (at: string, without: string) => listSources({ root: at, prefix: '', names: ['out'], without });
    expect(await rest(root, join(root, 'my.lock'))).toEqual(['a/my.lock']);
    const through = join(await temporaryFolder(), 'link');
    await symlink(root, through);
    expect(await rest(through, join(root, 'my.lock'))).toEqual(['a/my.lock']);
    expect(await rest(join(root, 'a'), join(root, 'my.lock'))).toEqual(['my.lock']);
    expect(await rest(root, '/nowhere/my.lock')).toEqual(['a/my.lock', 'my.lock']);
  });

  it('may be held against rules with a prefix', async () => {
    await write({ '.dockerignore': 'd/a\nb\n', a: '', b: '' });
    expect(await list('d/')).toEqual(['.dockerignore', 'b']);
  });

  it('need a folder', async () => {
    await write({ file: '' });
    const at = (name: string) => listSources({ root: join(root, name), prefix: '', names: [], without: undefined });
    expect((await expectCode(() => at('nowhere'), 'COPY_NOT_FOUND')).message).toMatch(/`source_root` .*does not exist/);
    expect((await expectCode(() => at('file'), 'COPY_INVALID')).message).toMatch(/`source_root` .*is no folder/);
    expect((await expectCode(() => at('file/x'), 'COPY_NOT_FOUND')).message).toContain('does not exist');
  });
});

describe('sortAsPython', () => {
  it('orders whole paths by code points', () => {
    const paths = ['a/b', 'a-b', 'a', 'B', '\u{10000}', '\uffff', 'é'];
    expect(sortAsPython(paths)).toEqual(['B', 'a', 'a-b', 'a/b', 'é', '\uffff', '\u{10000}']);
  });
});
