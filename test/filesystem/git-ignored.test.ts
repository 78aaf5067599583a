// What git ignores, told by git and without it: the answers must be one.
import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gitIgnored } from '../../src/filesystem/git-ignored.ts';
import { expectCode } from '../expect-code.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

const saved = { ...process.env };
let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  // Nobody's own rules.
  Object.assign(process.env, { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', XDG_CONFIG_HOME: folder });
});
afterEach(() => {
  for (const name of ['PATH', 'GIT_CONFIG_GLOBAL', 'GIT_CONFIG_NOSYSTEM', 'XDG_CONFIG_HOME']) {
    if (saved[name] === undefined) delete process.env[name];
    else process.env[name] = saved[name];
  }
});

const git = (cwd: string, ...args: string[]): void => void execFileSync('git', args, { cwd, stdio: 'ignore' });

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

async function withoutGit<T>(work: () => Promise<T>): Promise<T> {
  const { PATH } = process.env;
  process.env['PATH'] = join(folder, 'no-programs');
  try {
    return await work();
  } finally {
    process.env['PATH'] = PATH;
  }
}

/** What is ignored in a folder, both ways. */
async function ignored(root = folder): Promise<string[]> {
  const told = [...(await gitIgnored(root))].filter((path) => !path.startsWith('"')).toSorted();
  expect([...(await withoutGit(() => gitIgnored(root)))].toSorted()).toEqual(told);
  return told;
}

describe('gitIgnored', () => {
  it('knows no rules outside of a repository', async () => {
    await write({ '.gitignore': '*', a: '' });
    expect(await ignored()).toEqual([]);
  });

  it('takes the rules of all levels, the deepest last', async () => {
    git(folder, 'init', '-q');
    await write({
      '.git/info/exclude': '*.tmp\n/top\n',
      '.gitignore': '*.log\nbuild/\n/only-here\n',
      'src/.gitignore': '!keep.log\n/build\na/*.txt\n',
      'src/a/.gitignore': '!one.txt\n',
    });
    const files = [
      'x.tmp',
      'top',
      'only-here',
      'x.log',
      'build/x',
      'src/x.log',
      'src/keep.log',
      'src/build',
      'src/top',
    ];
    await write(
      Object.fromEntries([...files, 'src/a/one.txt', 'src/a/two.txt', 'src/b/a/x.txt'].map((one) => [one, ''])),
    );
    expect(await ignored()).toEqual([
      'build/x',
      'only-here',
      'src/a/two.txt',
      'src/build',
      'src/x.log',
      'top',
      'x.log',
      'x.tmp',
    ]);
    expect(await ignored(join(folder, 'src'))).toEqual(['a/two.txt', 'build', 'x.log']);
  });

  it('has a rule of an upper folder hold for a folder in it', async () => {
    git(folder, 'init', '-q');
    await write({ '.gitignore': 'out/\n', 'out/src/.gitignore': '!*\n', 'out/src/x': '' });
    expect(await ignored(join(folder, 'out', 'src'))).toEqual(['.gitignore', 'x']);
  });

  it.each(['2', '3', '4'])('does not count what is tracked (index of version %s)', async (version) => {
    git(folder, 'init', '-q');
    git(folder, 'config', 'index.version', version);
    const tracked = ['a/b/one.log', 'a/b/one.log.log', 'a/c.log', 'é.log', `${'long'.repeat(60)}.log`];
    await write(Object.fromEntries([...tracked, 'a/b/other.log'].map((one) => [one, ''])));
    git(folder, 'add', '-f', ...tracked);
    // An entry that only version 3 can have.
    if (version === '3') await write({ 'later.log': '' });
    if (version === '3') git(folder, 'add', '-f', '-N', 'later.log');
    await write({ '.gitignore': '*.log\n' });
    expect(await ignored()).toEqual(['a/b/other.log']);
  });

  it('understands repositories with SHA-256', async () => {
    git(folder, 'init', '-q', '--object-format=sha256');
    await write({ '.gitignore': 'x\ny\n', x: '', y: '' });
    git(folder, 'add', '-f', 'x');
    expect(await ignored()).toEqual(['y']);
  });

  it('understands further work trees', async () => {
    const main = join(folder, 'main');
    await mkdir(main);
    git(main, 'init', '-q');
    git(main, '-c', 'user.name=a', '-c', 'user.email=a@example', 'commit', '-q', '--allow-empty', '-m', 'x');
    git(main, 'worktree', 'add', '-q', '../tree');
    await write({ 'main/.git/info/exclude': '*.log\n', 'tree/.gitignore': 'y\n', 'tree/x.log': '', 'tree/y': '' });
    expect(await ignored(join(folder, 'tree'))).toEqual(['x.log', 'y']);
  });

  it('leaves repositories within alone', async () => {
    git(folder, 'init', '-q');
    await mkdir(join(folder, 'inner'));
    git(join(folder, 'inner'), 'init', '-q');
    await write({ '.gitignore': '*.log\n', 'inner/x.log': '', 'x.log': '' });
    expect(await ignored()).toEqual(['x.log']);
  });

  it('takes links for files, and names with glob characters for what they are', async () => {
    git(folder, 'init', '-q');
    await write({ '.gitignore': 'link\nfolder/\n', '[a]/.gitignore': 'x\n', '[a]/x': '', 'a/x': '', 'folder/x': '' });
    await symlink('folder', join(folder, 'link'));
    await symlink('a', join(folder, 'a', 'folder'));
    expect(await ignored()).toEqual(['[a]/x', 'folder/x', 'link']);
  });

  it('does not find what git prints in quotes', async () => {
    git(folder, 'init', '-q');
    await write({ '.gitignore': '*.log\n', 'é.log': '', 'a"b.log': '', 'a\\b.log': '', 'a\tb.log': '', 'a b.log': '' });
    expect(await ignored()).toEqual(['a b.log']);
    expect((await gitIgnored(folder)).has('é.log')).toBe(false);
  });

  it('reads the rules itself where git refuses to look', async () => {
    git(folder, 'init', '-q');
    await write({ '.gitignore': 'x\n', x: '' });
    await write({ 'bin/git': '#!/bin/sh\nexit 128\n' });
    execFileSync('chmod', ['755', join(folder, 'bin', 'git')]);
    process.env['PATH'] = `${join(folder, 'bin')}:${process.env['PATH']}`;
    expect([...(await gitIgnored(folder))]).toEqual(['x']);
  });

  it.each([
    ['another form', Buffer.from('no index at all')],
    ['a later version', Buffer.concat([Buffer.from('DIRC'), Buffer.from([0, 0, 0, 9, 0, 0, 0, 0])])],
    ['fewer bytes than it says', Buffer.concat([Buffer.from('DIRC'), Buffer.from([0, 0, 0, 2, 0, 0, 0, 1])])],
  ])('refuses an index of %s, where git is not there', async (_what, bytes) => {
    git(folder, 'init', '-q');
    await writeFile(join(folder, '.git', 'index'), bytes);
    const error = await expectCode(() => withoutGit(() => gitIgnored(folder)), 'COPY_INVALID');
    expect(error.hint).toContain('Install git');
  });

  it('is empty for a repository whose .git is broken', async () => {
    await write({ '.git': 'nonsense', '.gitignore': 'x\n', x: '' });
    expect(await ignored()).toEqual([]);
    await rm(join(folder, '.git'));
    await mkdir(join(folder, '.git'));
    expect(await ignored()).toEqual([]);
  });
});
