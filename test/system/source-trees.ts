// Random folders of sources with rules of every kind at all levels, as plans and on disk.
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';

export interface SourceTree {
  /** Paths, their content being the path, whatever is there already in their way. */
  readonly files: readonly string[];
  readonly links: readonly (readonly [path: string, target: string])[];
  /** Folder, and lines of its `.gitignore`. */
  readonly gitignores: readonly (readonly [folder: string, lines: readonly string[]])[];
  readonly dockerignore: readonly string[] | undefined;
  /** Lines of `.git/info/exclude`; undefined for a folder that is no repository. */
  readonly exclude: readonly string[] | undefined;
  /** Whether the sources are a folder of the repository, not its top. */
  readonly isBelow: boolean;
  /** Paths that are tracked although they may be ignored. */
  readonly tracked: readonly string[];
  readonly indexVersion: 2 | 4;
  /** Folders that are repositories themselves. */
  readonly repositories: readonly string[];
  readonly socket: string | undefined;
}

const NAMES = ['a', 'b.txt', 'B.TXT', 'x.pyc', 'c.log', '.env', '.cache', '__pycache__', 'build', 'node_modules'];
const ODD = [
  'sp ace',
  ' lead',
  'trail ',
  'é.txt',
  '日本',
  'q"uote',
  'back\\slash',
  '[x]',
  '#h',
  '!b',
  '-n',
  'a-b',
  'tab\tx',
];
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NAMES) },
  fc.constantFrom(...ODD, '.git', '.gitmodules'),
);
const folderName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'build', 'src', '__pycache__', 'node_modules', '.cache') },
  fc.constantFrom('sp ace', 'é', 'a-b', '[x]', 'A'),
);
const folder = fc.array(folderName, { maxLength: 3 }).map((names) => names.join('/'));
const path = fc.tuple(folder, name).map(([where, one]) => (where === '' ? one : `${where}/${one}`));

const glob = fc.oneof(
  fc.constantFrom(...NAMES, ...ODD, 'src', 'A'),
  fc.constantFrom(
    '*',
    '**',
    '*.txt',
    '*.log',
    '?',
    '[ab]',
    '[!a]*',
    'a*',
    '*a',
    '.*',
    '*e*',
    'n?de*',
    '\\#h',
    '\\!b',
    '..',
    '.',
  ),
);
const pattern = fc
  .tuple(
    fc.constantFrom('', '', '', '!', '!', '# ', ' '),
    fc.constantFrom('', '', '/', '**/'),
    fc.oneof({ weight: 2, arbitrary: glob.map((one) => [one]) }, fc.array(glob, { minLength: 2, maxLength: 3 })),
    fc.constantFrom('', '', '', '/', '/**', '/*', ' ', '\r'),
  )
  .map(([start, root, names, end]) => `${start}${root}${names.join('/')}${end}`);
export const patterns = fc.array(fc.oneof({ weight: 8, arbitrary: pattern }, fc.constantFrom('', '!', '/', '#')), {
  maxLength: 6,
});
export const paths = fc.array(path, { minLength: 1, maxLength: 14 });

const target = fc.oneof(
  path,
  fc.constantFrom('..', '.', '../a', 'a', 'build', '/etc/hostname', 'nowhere', './b.txt', 'src/../a', '../../out.txt'),
);

export const sourceTrees: fc.Arbitrary<SourceTree> = fc.record({
  files: paths,
  links: fc.array(fc.tuple(path, target), { maxLength: 3 }),
  gitignores: fc.array(fc.tuple(fc.oneof(fc.constant(''), folder), patterns), { maxLength: 3 }),
  dockerignore: fc.option(patterns, { nil: undefined }),
  exclude: fc.option(fc.oneof(fc.constant([]), patterns), { nil: undefined }),
  isBelow: fc.boolean(),
  tracked: fc.array(path, { maxLength: 3 }),
  indexVersion: fc.constantFrom(2, 4),
  repositories: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(folder, { maxLength: 1 })),
  socket: fc.option(path, { freq: 8, nil: undefined }),
});

/** Without a word about what is in the way. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  await work().catch(() => undefined);
}

const git = (cwd: string, ...args: string[]): void => {
  try {
    execFileSync('git', args, { cwd, stdio: 'ignore' });
  } catch {
    // A path that is not there cannot be tracked.
  }
};

/** Makes the tree; returns the absolute folder of the sources: `d` below the folder, or in it. */
export async function makeTree(top: string, tree: SourceTree): Promise<string> {
  const root = join(top, 'd');
  const make = async (at: string, content: string): Promise<void> => {
    await mkdir(dirname(at), { recursive: true });
    await writeFile(at, content, { flag: 'wx' });
  };
  await mkdir(root, { recursive: true });
  for (const one of tree.files) await attempt(() => make(join(root, one), one));
  for (const [where, lines] of tree.gitignores)
    await attempt(() => make(join(root, where, '.gitignore'), `${lines.join('\n')}\n`));
  const { dockerignore, exclude } = tree;
  if (dockerignore) await attempt(() => make(join(root, '.dockerignore'), dockerignore.join('\n')));
  for (const [at, to] of tree.links)
    await attempt(async () => {
      await mkdir(dirname(join(root, at)), { recursive: true });
      await symlink(to, join(root, at));
    });
  if (tree.socket) await attempt(() => makeSocket(join(root, tree.socket!)));
  for (const one of tree.repositories) if (one !== '') git(root, 'init', '-q', one);
  if (!exclude) return root;
  const repository = tree.isBelow ? top : root;
  if (tree.isBelow) await attempt(() => make(join(top, '.gitignore'), 'd/build/\n*.log\n!keep\n'));
  git(repository, 'init', '-q');
  await attempt(() => writeFile(join(repository, '.git', 'info', 'exclude'), `${exclude.join('\n')}\n`));
  git(repository, 'config', 'index.version', String(tree.indexVersion));
  for (const one of tree.tracked) git(root, 'add', '-f', '--', `:(literal)${one}`);
  return root;
}

/** Node takes the name of a socket away with it. */
async function makeSocket(at: string): Promise<void> {
  await mkdir(dirname(at), { recursive: true });
  execFileSync('python3', ['-c', 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])', at], {
    stdio: 'ignore',
  });
}
