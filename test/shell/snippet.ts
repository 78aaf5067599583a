// How a snippet is run over a staged filesystem: a small image with a few accounts, and a file on PATH for each utility.
import { EMPTY_FACTS } from '../../src/filesystem/facts.ts';
import { WritableTree } from '../../src/filesystem/writable-tree.ts';
import type { ScriptOptions } from '../../src/shell/program.ts';
import { posixPrograms } from '../../src/shell/programs.ts';
import { runScript } from '../../src/shell/run-script.ts';

/** A script, its standard output and its status, which is 0 where it is not given. `$1` is `p`, `$2` is `q r`; standard error is dropped. */
export type Snippet = readonly [script: string, stdout: string, status?: number];

export const NOW = 1_700_000_000;

export function smallTree(): WritableTree {
  const readRange = (): never => {
    throw new Error('nothing lies on the host');
  };
  const tree = new WritableTree({ facts: EMPTY_FACTS, readRange, now: NOW });
  for (const path of ['/etc', '/root', '/box', '/usr/bin', '/usr/sbin', '/tmp']) tree.makeDirectories(path);
  tree.write('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n');
  tree.write('/etc/group', 'root:x:0:\ndaemon:x:1:\n');
  for (const name of ['sh', ...posixPrograms().keys()]) tree.write(`/usr/bin/${name}`, '', { mode: 0o755 });
  return tree;
}

export interface Ran {
  readonly tree: WritableTree;
  readonly stdout: string;
  readonly status: number;
}

/** Both outputs come together. */
export function run(script: string, more: Partial<ScriptOptions> = {}): Ran {
  const tree = more.tree ?? smallTree();
  let stdout = '';
  const status = runScript(script, {
    tree,
    programs: posixPrograms({ machine: 'x86_64' }),
    assumed: new Set(),
    modules: new Map(),
    name: 'sh',
    args: ['p', 'q r'],
    env: new Map([
      ['PATH', '/usr/bin:/bin'],
      ['HOME', '/root'],
    ]),
    cwd: '/box',
    print: (text) => (stdout += text),
    ...more,
  });
  return { tree, stdout, status };
}

export const runSnippet = (script: string, shell: 'bash' | 'sh' = 'sh'): Ran =>
  run(`#!/bin/${shell}\nexec 2>/dev/null\n${script}`);
