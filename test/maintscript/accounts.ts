// The accounts of a small system.
import type { WritableTree } from '../../src/filesystem/writable-tree.ts';
import { makeTree } from './staged-tree.ts';

export function makeAccounts(more: Readonly<Record<string, string>> = {}): WritableTree {
  return makeTree({
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n',
    '/etc/group': 'root:x:0:\ndaemon:x:1:\naudio:x:29:games\nshadow:x:42:\nvideo:x:44:\nnogroup:x:65534:\n',
    '/etc/shadow': 'root:*:1::::::\ndaemon:*:1::::::\n',
    '/etc/gshadow': 'root:*::\ndaemon:*::\naudio:*::games\nshadow:*::\nvideo:*::\nnogroup:*::\n',
    ...more,
  });
}

export const lastLines = (tree: WritableTree, file: string, count: number): string[] =>
  tree.readText(file).trimEnd().split('\n').slice(-count);
