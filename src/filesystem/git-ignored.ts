// What git ignores below a folder, as flytekit asks for it (flytekit/tools/ignore.py, GitIgnore): by git itself where it is there and answers,
// by the rules in the files of the repository where it is not.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ImageSpecError } from '../core/error.ts';

/** Untracked files that rules leave out: the packages of several projects, and then some. */
const PATH_LIMIT = 4_000_000;

/**
 * Paths of untracked files that git ignores, relative to the folder. Names that git prints in quotes (letters beyond ASCII, unless
 * `core.quotePath` is false; quotes, backslashes, control characters) are in it as printed, so that no file has them: flytekit takes them so,
 * and copies these files. Empty outside of a repository.
 * @param root absolute
 */
export async function gitIgnored(root: string): Promise<ReadonlySet<string>> {
  const answer = await askGit(root);
  if (answer !== undefined) return answer;
  const { ignoredByRules } = await import('./git-rules.ts');
  return ignoredByRules(root);
}

/** undefined where git is not there or refuses to look, as it does in folders of other users. */
async function askGit(root: string): Promise<ReadonlySet<string> | undefined> {
  // In the environment of this process: git finds its own settings there, and flytekit asks it so.
  const git = spawn('git', ['ls-files', '-io', '--exclude-standard'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  });
  const status = new Promise<number | null>((resolve) => {
    git.once('error', () => resolve(null));
    git.once('close', resolve);
  });
  const paths = new Set<string>();
  for await (const line of createInterface({ input: git.stdout, crlfDelay: Infinity })) {
    if (paths.size >= PATH_LIMIT) {
      git.kill();
      throw new ImageSpecError('TOO_LARGE', `git ignores more than ${PATH_LIMIT} files in ${root}`, {
        hint: 'Take some of them out of the folder, or name a smaller `source_root`.',
      });
    }
    paths.add(line);
  }
  return (await status) === 0 ? paths : undefined;
}
