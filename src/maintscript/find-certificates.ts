// The two searches of update-ca-certificates: find(1) over a staged filesystem, in an order that does not depend on directories.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';

/** Directories within directories; certificates lie one deep. */
const DEPTH_LIMIT = 32;

/** `find -L DIRECTORY -type f -name '*.crt' | sort`, by bytes. A directory that is not there has none. */
export function findCertificates(tree: WritableTree, directory: string): string[] {
  const found: string[] = [];
  const visit = (path: string, above: readonly string[]): void => {
    const here = tree.resolve(path);
    // find reports a link to a directory that it is in, and goes on.
    if (above.includes(here)) return;
    if (above.length > DEPTH_LIMIT)
      throw new NotInterpretable(`${path} lies more than ${DEPTH_LIMIT} directories deep`);
    for (const name of tree.list(path)) {
      const at = `${path}/${name}`;
      const type = tree.get(at)?.type;
      if (type === 'directory') visit(at, [...above, here]);
      else if (type === 'file' && name.endsWith('.crt')) found.push(at);
    }
  };
  if (tree.get(directory)?.type === 'directory') visit(directory, []);
  return found.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

interface Link {
  readonly path: string;
  /** As written into the link. */
  readonly to: string;
}

/** `find DIRECTORY -type l`. */
export function findLinks(tree: WritableTree, directory: string, depth = 0): Link[] {
  if (depth > DEPTH_LIMIT) throw new NotInterpretable(`${directory} lies more than ${DEPTH_LIMIT} directories deep`);
  return tree.list(directory).flatMap((name) => {
    const path = `${directory}/${name}`;
    const node = tree.get(path, false);
    if (node?.type === 'directory') return findLinks(tree, path, depth + 1);
    return node?.type === 'symlink' ? [{ path, to: node.target }] : [];
  });
}
