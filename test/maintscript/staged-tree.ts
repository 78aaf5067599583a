// Staged filesystems for tests: what the base has and has not captured, and files that came with packages.
import type { BaseEntry } from '../../src/filesystem/facts.ts';
import { WritableTree } from '../../src/filesystem/writable-tree.ts';
import type { DpkgState, InstalledPackage } from '../../src/maintscript/dpkg-state.ts';
import type { Call, Program } from '../../src/shell/program.ts';

export const NOW = 1_700_000_000;

/** `base`: paths to symlink targets (`-> x`) or sizes of files whose bytes nobody knows. `files`: paths to bytes, links (`-> x`) or folders (`/`). */
export function makeTree(
  files: Readonly<Record<string, string | Uint8Array>>,
  base: Readonly<Record<string, string | number>> = {},
): WritableTree {
  const entries = new Map<string, BaseEntry>();
  const attributes = { uid: 0, gid: 0, mtime: 1 };
  for (const [path, value] of Object.entries(base)) {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      entries.set(path.slice(0, at), { ...attributes, type: 'directory', mode: 0o755 });
    }
    if (typeof value === 'number') entries.set(path, { ...attributes, type: 'file', mode: 0o644, size: value });
    else entries.set(path, { ...attributes, type: 'symlink', mode: 0o777, target: value.slice(3) });
  }
  const tree = new WritableTree({
    facts: { entries, captured: new Map() },
    now: NOW,
    readRange: () => {
      throw new Error('no file of the host in this tree');
    },
  });
  for (const [path, value] of Object.entries(files)) {
    tree.makeDirectories(value === '/' ? path : path.slice(0, path.lastIndexOf('/')));
    if (value === '/') continue;
    if (typeof value === 'string' && value.startsWith('-> ')) tree.symlink(path, value.slice(3));
    else tree.write(path, value);
  }
  return tree;
}

export interface Recorded {
  readonly call: Call;
  readonly printed: { out: string; error: string };
  /** What was run, each with its input. */
  readonly runs: (readonly [argv: string, stdin: string | undefined])[];
}

export function recordCall(tree: WritableTree, argv: readonly string[], status = 0): Recorded {
  const printed = { out: '', error: '' };
  const runs: Recorded['runs'] = [];
  const call: Call = {
    argv,
    env: new Map(),
    cwd: '/etc/ssl',
    umask: 0o022,
    stdin: '',
    tree,
    stdout: (text) => {
      printed.out += text;
    },
    stderr: (text) => {
      printed.error += text;
    },
    run: (argv, more) => {
      runs.push([argv.join(' '), more?.stdin]);
      return status;
    },
  };
  return { call, printed, runs };
}

/** Links of a folder as `name -> target`. */
export function linksOf(tree: WritableTree, folder: string): string[] {
  return tree.list(folder).flatMap((name) => {
    const node = tree.get(`${folder}/${name}`, false);
    return node?.type === 'symlink' ? [`${name} -> ${node.target}`] : [];
  });
}

/** A package database that holds what it is given; what is activated is remembered. */
export function makeState(packages: readonly InstalledPackage[] = []): DpkgState & { readonly activated: string[] } {
  const activated: string[] = [];
  return {
    find: (name) => packages.find((one) => name === one.name || name === `${one.name}:${one.architecture}`),
    all: () => packages,
    filesOf: () => [],
    diversions: [],
    overrides: [],
    activated,
    activate: (trigger) => void activated.push(trigger),
  };
}

/** What a program answers when it is called with `words`, its name first. */
export function runProgram(
  tree: WritableTree,
  program: Program,
  words: string,
  env: Readonly<Record<string, string>> = {},
): { readonly status: number; readonly out: string; readonly error: string } {
  const { call, printed } = recordCall(tree, words.split(' '));
  const status = program({ ...call, env: new Map(Object.entries(env)) });
  return { status, ...printed };
}
