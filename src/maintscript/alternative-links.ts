// The symlinks of a link group: generic names → /etc/alternatives → the chosen files.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { linkTarget, removeIfThere, replaceLink } from './paths.ts';
import type { Choice, LinkGroup } from './link-group.ts';

const ALTERNATIVES = '/etc/alternatives';

const alternativePath = (name: string): string => `${ALTERNATIVES}/${name}`;

/** The file that the group points to now; undefined without a link. */
export const currentFile = (tree: WritableTree, group: { readonly name: string }): string | undefined =>
  linkTarget(tree, alternativePath(group.name));

/**
 * Makes all links of a choice. `warn` gets what the real one tells: a slave whose file is missing has no link, and a real file in the place of a
 * generic name stays. Throws `FileError` where the folder of a generic name does not exist.
 */
export function installLinks(tree: WritableTree, group: LinkGroup, choice: Choice, warn: (text: string) => void): void {
  installLink(tree, group.name, group.link, choice.path, warn);
  for (const [name, link] of group.slaves) {
    const file = choice.slaves.get(name);
    if (file !== undefined && tree.get(file)) {
      installLink(tree, name, link, file, warn);
      continue;
    }
    if (file !== undefined)
      warn(`skip creation of ${link} because associated file ${file} (of link group ${group.name}) doesn't exist`);
    removeLink(tree, name, link, warn);
  }
}

function installLink(tree: WritableTree, name: string, link: string, file: string, warn: (text: string) => void): void {
  replaceLink(tree, alternativePath(name), file);
  if (linkTarget(tree, link) === alternativePath(name)) return;
  const there = tree.get(link, false);
  if (there && there.type !== 'symlink') warn(`not replacing ${link} with a link`);
  else replaceLink(tree, link, alternativePath(name));
}

export function removeLink(tree: WritableTree, name: string, link: string, warn: (text: string) => void): void {
  const there = tree.get(link, false);
  if (there?.type === 'symlink') tree.remove(link);
  else if (there) warn(`not removing ${link} since it's not a symlink`);
  removeIfThere(tree, alternativePath(name));
}

/** Whether links of the choice are missing, point elsewhere or are too many. */
export function linksDiffer(tree: WritableTree, group: LinkGroup, choice: Choice): boolean {
  const differs = (link: string, target: string): boolean => {
    const there = tree.get(link, false);
    return there?.type === 'symlink' ? there.target !== target : !there;
  };
  if (differs(group.link, alternativePath(group.name))) return true;
  return [...group.slaves].some(([name, link]) => {
    const file = choice.slaves.get(name);
    if (file === undefined || !tree.get(file))
      return Boolean(tree.get(alternativePath(name), false)) || linkTarget(tree, link) !== undefined;
    return differs(link, alternativePath(name)) || differs(alternativePath(name), file);
  });
}
