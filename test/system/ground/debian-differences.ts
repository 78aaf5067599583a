// Where a tree of ours may differ from the one that apt leaves; the manual's page on it is made of this table.
import type { TreeEntry, TreeListing } from './tree-listing.ts';

export interface DebianDifference {
  /** As the manual shows it. */
  readonly path: string;
  readonly pattern: RegExp;
  readonly ours: string;
  readonly apts: string;
  readonly reason: string;
  /** What is left to compare of a file that both have; without it, the path is not compared at all. */
  readonly essence?: (text: string) => string;
}

const stanzas = (text: string): string => text.split('\n\n').sort().join('\n\n');
const withoutDays = (text: string): string => text.replace(/^([^:]*:[^:]*:)\d+:/gm, '$1:');

export const DEBIAN_DIFFERENCES: readonly DebianDifference[] = [
  {
    path: '/var/log',
    pattern: /^var\/log(?:\/|$)/,
    ours: 'nothing',
    apts: 'logs of apt, dpkg and alternatives',
    reason: 'they tell when and where, which an image should not depend on',
  },
  {
    path: '/var/cache/debconf',
    pattern: /^var\/cache\/debconf\//,
    ours: 'as the base has it',
    apts: 'templates and answers of new packages',
    reason: 'answers are kept while packages are installed; a later installation starts from the defaults again',
  },
  {
    path: '`__pycache__`',
    pattern: /(?:^|\/)__pycache__(?:\/|$)/,
    ours: 'nothing',
    apts: 'bytecode made by py3compile',
    reason:
      'only the interpreter of the image can make it; without it, modules are compiled when they are first imported',
  },
  {
    path: '/var/cache/fontconfig',
    pattern: /^var\/cache\/fontconfig\//,
    ours: 'nothing',
    apts: 'the index of fonts made by fc-cache',
    reason: 'fontconfig makes it when it is first used, and reads the fonts themselves where it may not write',
  },
  {
    path: '/var/cache/ldconfig',
    pattern: /^var\/cache\/ldconfig(?:\/|$)/,
    ours: 'nothing',
    apts: 'what ldconfig remembers for its next run',
    reason: 'it holds inode numbers; ldconfig does without. `/etc/ld.so.cache` itself is made, byte by byte the same',
  },
  {
    path: 'copies: `*-` in /etc, `*-old` in /var/lib/dpkg',
    pattern: /^etc\/(?:passwd|group|shadow|gshadow)-$|^var\/lib\/dpkg\/(?:status|diversions|statoverride)-old$/,
    ours: 'as the base has it',
    apts: 'the file before the last change',
    reason: 'nobody needs the state in between',
  },
  {
    path: 'locks in /run, /etc and /var/lib/dpkg',
    pattern: /^run\/adduser$|^etc\/\.pwd\.lock$|^var\/lib\/dpkg\/(?:lock|lock-frontend|triggers\/Lock)$/,
    ours: 'nothing',
    apts: 'empty files',
    reason: 'nobody else works on the image',
  },
  {
    path: '/var/lib/dpkg/available',
    pattern: /^var\/lib\/dpkg\/available$/,
    ours: 'an empty file',
    apts: 'an empty file, or none',
    reason: 'of dselect; dpkg makes it when it is missing',
  },
  {
    path: '/etc/machine-id, /var/lib/dbus/machine-id',
    pattern: /^(?:etc|var\/lib\/dbus)\/machine-id$/,
    ours: 'nothing',
    apts: 'a number of chance',
    reason: 'it names one machine, and every container of an image would have the same; who needs it makes it',
  },
  {
    path: '/var/lib/apt/extended_states',
    pattern: /^var\/lib\/apt\/extended_states$/,
    ours: 'in the order of installation',
    apts: 'in the order of apt’s memory',
    reason: 'the order means nothing',
    essence: stanzas,
  },
  {
    path: '/var/lib/dpkg/triggers/File',
    pattern: /^var\/lib\/dpkg\/triggers\/File$/,
    ours: 'new lines in our order of unpacking',
    apts: 'new lines in apt’s order of unpacking',
    reason: 'the order means nothing',
    essence: (text) => text.split('\n').sort().join('\n'),
  },
  {
    path: '/etc/shadow',
    pattern: /^etc\/shadow$/,
    ours: 'accounts made on the day of `SOURCE_DATE_EPOCH`',
    apts: 'accounts made today',
    reason: 'the same image on every day',
    essence: withoutDays,
  },
];

/** What no set can show: nothing allows it, and a set that brings it fails until it is moved above. */
export const UNSEEN_DIFFERENCES: readonly (Pick<DebianDifference, 'path' | 'ours' | 'apts' | 'reason'> & {
  readonly why: string;
})[] = [
  {
    path: '/usr/share/icons/*/icon-theme.cache',
    ours: 'nothing; where the base has one that would be made again, dpkg of the image does it in the sandbox',
    apts: 'the index of icons made by gtk-update-icon-cache',
    reason: 'GTK reads the icons themselves where there is no index',
    why: 'none asks for the program',
  },
];

/** Fields of an entry that are compared; times only of what packages bring, since scripts make files today, and we at `SOURCE_DATE_EPOCH`. */
const COMPARED = ['type', 'mode', 'uid', 'gid', 'size', 'sha256', 'target', 'capability', 'linked'] as const;

/** Differences that no rule allows, one line each; notes the rules that were needed in `used`. */
export function differencesToApt(ours: TreeListing, theirs: TreeListing, used: Set<DebianDifference>): string[] {
  const paths = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  return paths.flatMap((path) => {
    const why = difference(ours.get(path), theirs.get(path));
    if (why === undefined) return [];
    const rule = DEBIAN_DIFFERENCES.find(({ pattern }) => pattern.test(path));
    if (rule && isAllowed(rule, ours.get(path), theirs.get(path))) {
      used.add(rule);
      return [];
    }
    return [`/${path}: ${why}`];
  });
}

function isAllowed({ essence }: DebianDifference, ours: TreeEntry | undefined, theirs: TreeEntry | undefined): boolean {
  if (!essence) return true;
  return ours?.text !== undefined && theirs?.text !== undefined && essence(ours.text) === essence(theirs.text);
}

/** The epoch is the time of everything that is made and not brought. */
function difference(ours: TreeEntry | undefined, theirs: TreeEntry | undefined): string | undefined {
  if (!ours || !theirs) return ours ? 'only ours' : 'only apt’s';
  const fields = COMPARED.filter((field) => ours[field] !== theirs[field]);
  const isMade = ours.mtime === 0;
  if (fields.length === 0 && !isMade && ours.mtime !== theirs.mtime) return `time ${ours.mtime}, not ${theirs.mtime}`;
  return fields.length === 0
    ? undefined
    : fields.map((field) => `${field} ${String(ours[field])}, not ${String(theirs[field])}`).join('; ');
}
