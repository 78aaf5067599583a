// A commit of a git repository as a folder of this host, by the host's own git: it has the user's keys, helpers and proxies.
import type { Context } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactText, redactUrl } from '../core/redact.ts';
import { WITH_UMASK } from './call-uv.ts';
import type { LockedCommit } from './lock.ts';
import { runProgram } from './run-program.ts';

export interface CloneOptions {
  /** Private host folder that exists. */
  readonly folder: string;
  /** Host path that does not exist yet. */
  readonly target: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly offline: boolean;
}

/** Large histories over slow lines. */
const TIMEOUT_MS = 3_600_000;

/** With its history and submodules: many projects ask git for their version. Throws `GIT_FAILED`, `OFFLINE`. */
export async function clone(ctx: Context, { url, commit }: LockedCommit, options: CloneOptions): Promise<void> {
  const { folder, target, offline } = options;
  const shown = redactUrl(url);
  if (offline && !url.startsWith('file:'))
    throw new ImageSpecError('OFFLINE', `${shown} would have to be cloned, and --offline was given`, {
      hint: 'Build once without --offline.',
    });
  // Nobody is there to type a password.
  const env = { ...options.env, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
  const git = (...args: string[]): ReturnType<typeof runProgram> =>
    runProgram(ctx, '/bin/sh', [...WITH_UMASK, 'git', ...args], { env, folder, timeoutMs: TIMEOUT_MS });
  const run = async (...args: string[]): Promise<void> => {
    const { status, stderr, failure } = await git(...args);
    if (status !== 0) throw gitFailed(shown, status, failure ?? redactText(stderr));
  };
  await run('clone', '--quiet', '--no-checkout', '--', url, target);
  const inside = ['-C', target, '-c', 'advice.detachedHead=false'];
  const { status } = await git(...inside, 'cat-file', '-e', `${commit}^{commit}`);
  // Commits of pull requests are in no branch.
  if (status !== 0) await run(...inside, 'fetch', '--quiet', 'origin', commit);
  await run(...inside, 'checkout', '--quiet', commit);
  await run(...inside, 'submodule', '--quiet', 'update', '--init', '--recursive');
}

function gitFailed(url: string, status: number | undefined, words: string): ImageSpecError {
  if (status === 127)
    return new ImageSpecError('GIT_FAILED', `${url} cannot be cloned: there is no git on this host`, {
      hint: 'Install git on this host; it need not be in the image.',
    });
  const said = words.trim().split('\n').slice(-3).join(' | ');
  return new ImageSpecError('GIT_FAILED', `${url} cannot be cloned: ${said}`, { hint: GIT_HINT });
}

export const GIT_HINT =
  'Try the same URL with "git clone" on this host: its credentials, keys and proxies are those that are used here.';
