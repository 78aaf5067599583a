// `update-alternatives --display`: a text for people, which scripts search all the same.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { currentFile } from './alternative-links.ts';
import type { LinkGroup } from './link-group.ts';
import { bestChoice } from './link-group.ts';

export function displayAlternatives(tree: WritableTree, group: LinkGroup): string {
  const { name, mode, link, slaves, choices } = group;
  const current = currentFile(tree, group);
  const best = bestChoice(choices, current);
  const head = [
    `${name} - ${mode} mode`,
    best ? `  link best version is ${best.path}` : '  link best version not available',
    current === undefined ? '  link currently absent' : `  link currently points to ${current}`,
    `  link ${name} is ${link}`,
    ...[...slaves].map(([slave, place]) => `  slave ${slave} is ${place}`),
  ];
  const rest = choices.flatMap(({ path, priority, slaves: files }) => [
    `${path} - priority ${priority}`,
    ...[...files].map(([slave, file]) => `  slave ${slave}: ${file}`),
  ]);
  return [...head, ...rest].map((line) => `${line}\n`).join('');
}
