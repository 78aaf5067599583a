// The links that a systemd unit's [Install] section asks for, as deb-systemd-helper reads it.
import type { WritableTree } from '../filesystem/writable-tree.ts';
import { NotInterpretable } from '../shell/program.ts';
import { isFile, linesOf, textOf } from './paths.ts';

/** Units that name each other by `Also=` more deeply than this do so in a circle. */
const MAX_DEPTH = 32;

export interface UnitLink {
  /** The unit file. */
  readonly target: string;
  readonly path: string;
}

export type Instance = 'system' | 'user';

/** Path of the unit file; the name itself when there is none. */
export function findUnit(tree: WritableTree, name: string, instance: Instance): string {
  const folders = [`/etc/systemd/${instance}`, `/lib/systemd/${instance}`, `/usr/lib/systemd/${instance}`];
  const folder = folders.find((one) => isFile(tree, `${one}/${name}`));
  return folder === undefined ? name : `${folder}/${name}`;
}

/** In the order in which deb-systemd-helper records them: aliases and those of `Also=` first. */
export function unitLinks(
  tree: WritableTree,
  unit: string,
  instance: Instance,
  visited: readonly string[] = [],
): UnitLink[] {
  const text = textOf(tree, unit);
  if (text === undefined)
    throw new NotInterpretable(`deb-systemd-helper is asked for a unit that does not exist: ${unit}`);
  if (visited.length > MAX_DEPTH) throw new NotInterpretable(`units name each other in a circle: ${unit}`);
  const name = unit.slice(unit.lastIndexOf('/') + 1);
  const links: UnitLink[] = [];
  const folders: string[] = [];
  const seen = [...visited];
  let wanted = name;
  for (const line of linesOf(text)) {
    const [, field = '', value = ''] = /^\s*(WantedBy|RequiredBy|Also|Alias|DefaultInstance)=(.+)$/i.exec(line) ?? [];
    const words = value.split(/\s+/).map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
    switch (field.toLowerCase()) {
      case 'wantedby':
      case 'requiredby':
        folders.push(...folderNames(field, value).map((folder) => `/etc/systemd/${instance}/${folder}`));
        break;
      case 'also':
        for (const word of words.filter((one) => one !== name && !seen.includes(one))) {
          seen.push(word);
          links.push(...unitLinks(tree, findUnit(tree, word, instance), instance, seen));
        }
        break;
      case 'alias':
        // The whole value is taken for one name; several are rare enough to refuse.
        if (words.length > 1 || words[0] !== value)
          throw new NotInterpretable(`${unit} has aliases that are several or quoted: ${value}`);
        if (words[0] !== name) links.push({ target: unit, path: `/etc/systemd/${instance}/${words[0]}` });
        break;
      case 'defaultinstance': {
        const word = value.trim().replace(/^(["']?)(.+)\1$/, '$2');
        wanted = name.replace(/^(.*@)(\.\w+)$/, `$1${word}$2`);
        break;
      }
    }
  }
  return [...links, ...folders.map((folder) => ({ target: unit, path: `${folder}/${wanted}` }))];
}

/** The suffix is lost where the word is quoted or the field has other capitals: deb-systemd-helper has these two mistakes. */
function folderNames(field: string, value: string): string[] {
  const suffix = field === 'WantedBy' ? '.wants' : field === 'RequiredBy' ? '.requires' : '';
  return value.split(/\s+/).map((word) => {
    const [, , inner] = /^(["'])(.*)\1$/.exec(word) ?? [];
    return inner ?? `${word}${suffix}`;
  });
}
