// What dpkg is told to leave out (dpkg(1), --path-exclude and --path-include): slim images have no manuals, and installing does not bring them back.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { matches } from '../shell/pattern.ts';

/** Whether an entry is left out, by its absolute path. */
export type PathFilter = (path: string, type: string) => boolean;

interface Rule {
  readonly isInclude: boolean;
  readonly pattern: string;
  /** What stands before the first wildcard. */
  readonly start: string;
}

const CONFIG = 'etc/dpkg/dpkg.cfg';

/** The rules of `/etc/dpkg/dpkg.cfg.d/*` and `/etc/dpkg/dpkg.cfg`, in the order in which dpkg reads them. */
export function readPathFilter(tree: WritableTree): PathFilter {
  const folder = `${CONFIG}.d`;
  const names = tree.get(folder)?.type === 'directory' ? tree.list(folder) : [];
  const files = [...names.filter((name) => /^[\w.-]+$/.test(name)).map((name) => `${folder}/${name}`), CONFIG];
  const rules = files
    .filter((file) => tree.get(file)?.type === 'file')
    .flatMap((file) => readRules(tree.readText(file)));
  return (path, type) => isLeftOut(rules, path, type === 'directory' || type === 'symlink');
}

function readRules(text: string): Rule[] {
  return text.split('\n').flatMap((line) => {
    const [, word, pattern] = /^\s*(?:--)?path-(include|exclude)(?:\s*=\s*|\s+)"?(.*?)"?\s*$/.exec(line) ?? [];
    if (pattern === undefined) return [];
    const start = pattern.replace(/[*?[\\].*$/s, '');
    return [{ isInclude: word === 'include', pattern, start }];
  });
}

/** The last rule that fits counts. A folder, or a link that may lead to one, stays where a rule may want something below it. */
function isLeftOut(rules: readonly Rule[], path: string, mayHold: boolean): boolean {
  const fits = ({ start, pattern }: Rule): boolean =>
    path.startsWith(start) && matches(path, [{ text: pattern, isQuoted: false }]);
  const last = rules.findLast(fits);
  if (!last || last.isInclude) return false;
  return !(mayHold && rules.some(({ isInclude, start }) => isInclude && path.startsWith(start.replace(/\/+$/, ''))));
}
