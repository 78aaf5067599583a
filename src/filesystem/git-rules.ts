// What git ignores below a folder, told without git: from the rules in the repository's files (gitignore(5)) and its index. The rules of the
// user and of the machine are not known here: a host without git has none.
import type { Dirent } from 'node:fs';
import { access, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative as pathBetween } from 'node:path';
import type { Ignore } from 'ignore';
import { readGitIndex } from './git-index.ts';

interface Repository {
  /** Of the work tree. */
  readonly top: string;
  /** Where its own index is. */
  readonly gitFolder: string;
  /** Where all its work trees have their settings. */
  readonly common: string;
}

/** What `git ls-files -io --exclude-standard` would print in the folder. @param root absolute */
export async function ignoredByRules(root: string): Promise<ReadonlySet<string>> {
  const start = await realpath(root);
  const repository = await findRepository(start);
  if (!repository) return new Set();
  const { top, gitFolder, common } = repository;
  const [{ default: ignore }, config, exclude] = await Promise.all([
    import('ignore'),
    textOf(join(common, 'config')),
    textOf(join(common, 'info', 'exclude')),
  ]);
  const tracked = await readGitIndex(gitFolder, /^\s*objectformat\s*=\s*sha256\s*$/im.test(config) ? 32 : 20);
  const rules = ignore({ ignorecase: /^\s*ignorecase\s*=\s*true\s*$/im.test(config) }).add(exclude);
  const below = pathBetween(top, start);
  const walk = { top, tracked, rules, found: new Set<string>(), below: below === '' ? '' : `${below}/` };
  await addAncestorRules(walk, below);
  await addIgnored(walk, below, below !== '' && rules.ignores(`${below}/`));
  return walk.found;
}

async function findRepository(start: string): Promise<Repository | undefined> {
  for (let top = start; ; top = dirname(top)) {
    const gitFolder = await gitFolderOf(top);
    if (gitFolder === BROKEN) return undefined;
    if (gitFolder !== undefined) {
      const common = (await textOf(join(gitFolder, 'commondir'))).trim();
      return { top, gitFolder, common: common === '' ? gitFolder : within(gitFolder, common) };
    }
    if (top === dirname(top)) return undefined;
  }
}

const within = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path));

/** Of a `.git` that is a file and leads nowhere: git gives up there. */
const BROKEN = Symbol('broken');

/** `.git` is a folder, or a file that names one (gitrepository-layout(5)). */
async function gitFolderOf(folder: string): Promise<string | typeof BROKEN | undefined> {
  const path = join(folder, '.git');
  const found = await stat(path).catch(() => undefined);
  if (!found) return undefined;
  const named = found.isFile() ? /^gitdir: (.+)/.exec(await textOf(path))?.[1] : undefined;
  const gitFolder = named === undefined ? path : within(folder, named);
  return access(join(gitFolder, 'HEAD')).then(
    () => gitFolder,
    () => (found.isFile() ? BROKEN : undefined),
  );
}

/** Empty where there is no such file. */
async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

interface Walk {
  readonly top: string;
  readonly tracked: ReadonlySet<string>;
  readonly rules: Ignore;
  /** Relative to the folder that was asked about. */
  readonly found: Set<string>;
  /** Path of that folder below the top, with a slash at its end, or empty. */
  readonly below: string;
}

/** Deeper rules come later, and so weigh more. */
async function addAncestorRules(walk: Walk, below: string): Promise<void> {
  const names = below === '' ? [] : below.split('/');
  for (let depth = 0; depth < names.length; depth++) await addRules(walk, names.slice(0, depth).join('/'));
}

async function addRules({ top, rules }: Walk, folder: string): Promise<void> {
  const lines = (await textOf(join(top, folder, '.gitignore'))).split('\n');
  rules.add(folder === '' ? lines : lines.flatMap((line) => anchored(line.replace(/\r$/, ''), folder)));
}

/** The rule of a folder as one of the top. */
function anchored(line: string, folder: string): string[] {
  if (line.trim() === '' || line.startsWith('#')) return [];
  const isNegated = line.startsWith('!');
  const pattern = isNegated ? line.slice(1) : line.replace(/^\\([!#])/, '$1');
  if (/^\/?\s*$/.test(pattern)) return [];
  const isPath = pattern.replace(/\/\s*$/, '').includes('/');
  const prefix = folder.replace(/[\\*?[\]! #]/g, '\\$&');
  return [`${isNegated ? '!' : ''}/${prefix}/${isPath ? pattern.replace(/^\//, '') : `**/${pattern}`}`];
}

async function addIgnored(walk: Walk, folder: string, isIgnored: boolean): Promise<void> {
  if (!isIgnored) await addRules(walk, folder);
  const entries: Dirent[] = await readdir(join(walk.top, folder), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.name === '.git') continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      // Repositories within are their own affair.
      const inner = await gitFolderOf(join(walk.top, path));
      if (inner !== undefined && inner !== BROKEN) continue;
      await addIgnored(walk, path, isIgnored || walk.rules.ignores(`${path}/`));
      // Of the rest, git knows nothing.
    } else if (!entry.isFile() && !entry.isSymbolicLink()) {
      continue;
    } else if (!walk.tracked.has(path) && (isIgnored || walk.rules.ignores(path)) && !isQuoted(path)) {
      walk.found.add(path.slice(walk.below.length));
    }
  }
}

/** Whether git would print the path in quotes (`core.quotePath`), and so not as it is. */
// oxlint-disable-next-line no-control-regex -- control characters are quoted
const isQuoted = (path: string): boolean => /[\0-\x1f"\\\x7f-\u{10ffff}]/u.test(path);
