import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { clone } from '../../src/python/clone.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from '../registry/setup.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

let folder: string;
let repository: string;

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', repository, '-c', 'user.name=a', '-c', 'user.email=a@example', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

async function commit(text: string): Promise<string> {
  await writeFile(join(repository, 'file'), text);
  git('add', '.');
  git('commit', '--quiet', '-m', text);
  return git('rev-parse', 'HEAD');
}

beforeEach(async () => {
  folder = await temporaryFolder();
  repository = join(folder, 'repository');
  await mkdir(repository);
  git('init', '--quiet', '-b', 'main');
});

const fetch = (url: string, wanted: string, more: { readonly offline?: boolean; readonly path?: string } = {}) =>
  clone(
    testContext(),
    { kind: 'git', url, commit: wanted },
    {
      folder,
      target: join(folder, 'clone'),
      env: { PATH: more.path ?? process.env['PATH'], HOME: folder },
      offline: more.offline ?? false,
    },
  );

describe('a commit of a repository', () => {
  it('comes with its history and tags, and modes that do not follow the user', async () => {
    const first = await commit('one');
    git('tag', 'v1');
    await commit('two');
    const before = process.umask(0o077);
    try {
      await fetch(`file://${repository}`, first);
    } finally {
      process.umask(before);
    }
    expect(await readFile(join(folder, 'clone', 'file'), 'utf8')).toBe('one');
    expect((await stat(join(folder, 'clone', 'file'))).mode & 0o777).toBe(0o644);
    const tags = execFileSync('git', ['-C', join(folder, 'clone'), 'describe', '--tags'], { encoding: 'utf8' });
    expect(tags.trim()).toBe('v1');
  });

  it('comes also when no branch has it', async () => {
    await commit('main');
    git('checkout', '--quiet', '-b', 'side');
    const side = await commit('pull request');
    git('checkout', '--quiet', 'main');
    git('update-ref', 'refs/pull/1/head', side);
    git('branch', '--quiet', '-D', 'side');
    git('config', 'uploadpack.allowAnySHA1InWant', 'true');
    await fetch(`file://${repository}`, side);
    expect(await readFile(join(folder, 'clone', 'file'), 'utf8')).toBe('pull request');
  });

  it('that is not to be had is told without credentials', async () => {
    await commit('one');
    const absent = await expectCode(() => fetch(`file://${repository}`, 'e'.repeat(40)), 'GIT_FAILED');
    expect(absent.message).toMatch(/cannot be cloned: .*not our ref/);
    await expectCode(() => fetch('https://me:secret@git.example/x', 'e'.repeat(40), { offline: true }), 'OFFLINE');
    const closed = await expectCode(() => fetch('http://me:secret@127.0.0.1:1/x', 'e'.repeat(40)), 'GIT_FAILED');
    expect(closed.message).not.toContain('secret');
    expect(closed.hint).toContain('git clone');
  });

  it('needs git on this host', async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await chmod(bin, 0o755);
    const error = await expectCode(() => fetch('file:///x', 'e'.repeat(40), { path: bin }), 'GIT_FAILED');
    expect(error.hint).toContain('Install git on this host');
  });
});
