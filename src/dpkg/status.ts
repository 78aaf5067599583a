// Stanzas of dpkg's status file, as dpkg writes them.
import type { InstalledPackage } from '../maintscript/dpkg-state.ts';
import type { Stanza } from '../deb/control.ts';
import { fieldOf, printStanza } from '../deb/control.ts';

/** The order in which dpkg writes the fields that it knows (lib/dpkg/parse.c); all others follow in their own. */
const FIELD_ORDER = [
  'Package',
  'Essential',
  'Protected',
  'Status',
  'Priority',
  'Section',
  'Installed-Size',
  'Origin',
  'Maintainer',
  'Bugs',
  'Architecture',
  'Multi-Arch',
  'Source',
  'Version',
  'Config-Version',
  'Replaces',
  'Provides',
  'Depends',
  'Pre-Depends',
  'Recommends',
  'Suggests',
  'Breaks',
  'Conflicts',
  'Enhances',
  'Conffiles',
  'Description',
  'Triggers-Pending',
  'Triggers-Awaited',
].map((name) => name.toLowerCase());

const RELATIONS = /^(?:pre-depends|depends|recommends|suggests|enhances|breaks|conflicts|replaces|provides)$/i;

/** A package as its stanza tells; undefined for one that has no name. */
export function readInstalled(stanza: Stanza): InstalledPackage | undefined {
  const name = fieldOf(stanza, 'Package');
  if (name === undefined) return undefined;
  // Distroless images write no status: what they list is installed.
  const [, , state = 'installed'] = (fieldOf(stanza, 'Status') ?? '').split(/\s+/);
  const conffiles = (fieldOf(stanza, 'Conffiles') ?? '').split('\n').flatMap((line) => {
    const [, path, state] =
      /^\s*(\S.*?) ((?:[0-9a-f]{32}|newconffile)(?: obsolete| remove-on-upgrade)*)$/.exec(line) ?? [];
    return path !== undefined && state !== undefined ? [[path, state] as const] : [];
  });
  return {
    name,
    version: fieldOf(stanza, 'Version') ?? '',
    architecture: fieldOf(stanza, 'Architecture') ?? 'all',
    isSame: fieldOf(stanza, 'Multi-Arch') === 'same',
    state,
    fields: stanza.filter(([field]) => field.toLowerCase() !== 'conffiles'),
    conffiles: new Map(conffiles),
  };
}

/** Fields of a package that was just unpacked or configured, from the control file of its .deb. */
export function statusFields(control: Stanza, state: string, configVersion?: string): Stanza {
  const own = control.filter(([field]) => !/^(?:status|conffiles|config-version)$/i.test(field));
  const unfolded = own.map(([field, value]) => [field, RELATIONS.test(field) ? oneLine(value) : value] as const);
  return [
    ...unfolded,
    ['Status', `install ok ${state}`],
    ...(configVersion === undefined ? [] : [['Config-Version', configVersion] as const]),
  ];
}

/** dpkg reads relations and prints them anew: `a (>= 1) | b, c`. */
function oneLine(value: string): string {
  return value
    .replace(/\s+/g, ' ')
    .replace(/ ?, ?/g, ', ')
    .replace(/ ?\| ?/g, ' | ')
    .replace(/ ?\( ?(<<|<=|=|>=|>>) ?/g, ' ($1 ')
    .replace(/^[, ]+|[, ]+$/g, '');
}

/** The stanza as dpkg prints it, with a line feed at its end. */
export function printInstalled({ fields, conffiles }: InstalledPackage): string {
  const lines = [...conffiles].map(([path, md5]) => `\n ${path} ${md5}`).join('');
  const all: Stanza = conffiles.size === 0 ? fields : [...fields, ['Conffiles', lines]];
  const rank = (field: string): number => {
    const index = FIELD_ORDER.indexOf(field.toLowerCase());
    return index < 0 ? FIELD_ORDER.length : index;
  };
  return printStanza([...all].sort(([a], [b]) => rank(a) - rank(b)));
}
