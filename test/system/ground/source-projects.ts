// Projects that exist as source only: in git repositories, served over the loopback as plain files.
import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, normalize } from 'node:path';

export interface GitServer {
  /** `http://127.0.0.1:…` */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** A repository with one commit of these files, and the tag v1; returns its commit. */
export async function makeRepository(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example', ...args], {
      encoding: 'utf8',
      // Commits that are the same in every run.
      env: { PATH: process.env['PATH'], GIT_AUTHOR_DATE: '2020-01-01T00:00Z', GIT_COMMITTER_DATE: '2020-01-01T00:00Z' },
    }).trim();
  git('init', '--quiet', '-b', 'main');
  git('add', '.');
  git('commit', '--quiet', '-m', 'first');
  git('tag', 'v1');
  // What clients of plain files read (git-update-server-info(1)).
  git('update-server-info');
  return git('rev-parse', 'HEAD');
}

/** Serves everything below the folder. */
export async function serveFiles(folder: string): Promise<GitServer> {
  const server = createServer((request, response) => {
    const path = join(folder, normalize(decodeURIComponent(request.url!.split('?')[0]!)));
    void stat(path).then(
      (found) => (found.isFile() ? createReadStream(path).pipe(response) : response.writeHead(404).end()),
      () => response.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
