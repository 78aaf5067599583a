// Where an installed tree may differ from uv's, and why: the one list, which the oracle goes by and the manual shows.
import type { Difference } from './compare-trees.ts';
import type { TreeFile } from './installed-tree.ts';

export interface AllowedDifference {
  /** As the manual names it, in Markdown. */
  readonly path: string;
  readonly ours: string;
  readonly uvs: string;
  readonly reason: string;
  /** Exactly what is allowed: everything else at this path is an error. */
  readonly allows: (difference: Difference) => boolean;
}

const ACTIVATION = /^bin\/(?:(?:de)?activate(?:\.(?:bat|csh|fish|nu|ps1|xsh))?|activate_this\.py|pydoc\.bat)$/;
const HOUSEKEEPING = /^(?:\.lock|\.gitignore|CACHEDIR\.TAG)$/;
const INSTALLER = /\.dist-info\/INSTALLER$/;
const REQUESTED = /\.dist-info\/REQUESTED$/;
const DIRECT_URL = /\.dist-info\/direct_url\.json$/;
const RECORD = /\.dist-info\/RECORD$/;

const isPlain = (file: TreeFile | undefined): boolean => file?.type === 'file' && file.mode === 0o644;
const isProgramOrPlain = (file: TreeFile | undefined): boolean =>
  isPlain(file) || (file?.type === 'file' && file.mode === 0o755);
const bothPlain = ({ ours, uvs }: Difference): boolean => isPlain(ours) && isPlain(uvs);

export const ALLOWED_DIFFERENCES: readonly AllowedDifference[] = [
  {
    path: '`bin/activate`, `bin/activate.fish`, … `bin/pydoc.bat`',
    ours: 'none',
    uvs: 'scripts that people source in a shell',
    reason: "The environment is first on the image's PATH; there is no shell to prepare.",
    allows: ({ path, ours, uvs }) => ACTIVATION.test(path) && ours === undefined && uvs?.type === 'file',
  },
  {
    path: '`.gitignore`, `CACHEDIR.TAG`, `.lock`',
    ours: 'none',
    uvs: 'notes to version control, to backups, and to other runs of uv',
    reason: 'An image meets none of them.',
    allows: ({ path, ours, uvs }) => HOUSEKEEPING.test(path) && ours === undefined && uvs?.type === 'file',
  },
  {
    path: '`pyvenv.cfg`',
    ours: 'no line `uv = …`',
    uvs: "uv's version",
    reason: 'uv did not make the environment, and its version must not change layers.',
    allows: (one) =>
      one.path === 'pyvenv.cfg' && bothPlain(one) && one.ours?.text === one.uvs?.text?.replace(/^uv = .*\n/m, ''),
  },
  {
    path: '`*.dist-info/INSTALLER`',
    ours: '`imagespec`',
    uvs: '`uv`',
    reason: 'The file says who installed (Recording installed projects, "The INSTALLER file").',
    allows: (one) =>
      INSTALLER.test(one.path) && bothPlain(one) && one.ours?.text === 'imagespec' && one.uvs?.text === 'uv',
  },
  {
    path: '`*.dist-info/REQUESTED`',
    ours: 'for distributions that the user asked for by name or URL',
    uvs: 'for all, dependencies too',
    reason: 'PEP 376: it is there if the distribution was asked for rather than needed by another; pip does the same.',
    allows: ({ path, ours, uvs }) => REQUESTED.test(path) && ours === undefined && isPlain(uvs) && uvs?.text === '',
  },
  {
    path: '`*.dist-info/direct_url.json`',
    ours: 'with the sha256 of what was installed',
    uvs: 'without, unless the requirement tells it',
    reason: 'PEP 610: the hashes should be there.',
    allows: (one) => DIRECT_URL.test(one.path) && bothPlain(one) && urlAndHash(one.ours) === urlIn(one.uvs),
  },
  {
    path: '`*.dist-info/direct_url.json` of wheels that bring one',
    ours: 'none',
    uvs: "the wheel's",
    reason: 'PEP 610: it is not there for what was asked for by name. Only an installer knows how it was asked.',
    allows: ({ path, ours, uvs }) => DIRECT_URL.test(path) && ours === undefined && isPlain(uvs),
  },
  {
    path: '`*.dist-info/RECORD`',
    ours: 'the lines of the files above, each once; signatures of the RECORD that the wheel had; always mode 644',
    uvs: 'the lines of its own files, twice where the wheel had such a file; a line for a script of .data that an entry point replaced; no signatures; the mode that the wheel had',
    reason: 'RECORD has one line for each installed file. All other lines, their order and their hashes are equal.',
    allows: (one) => RECORD.test(one.path) && isPlain(one.ours) && isProgramOrPlain(one.uvs) && saySame(one),
  },
];

/** What the manual says of questions that uv answers otherwise; the tree is another then, or there is none. */
export const OTHER_ANSWERS = [
  {
    question: 'Two packages have different files at one path',
    ours: 'refused, both are named (`PATH_CONFLICT`)',
    uvs: 'one of them wins',
    reason: 'An image in which one package has broken another is of no use.',
  },
  {
    question: 'A wheel has two names that differ by upper and lower case only',
    ours: 'refused (`WHEEL_INVALID`)',
    uvs: 'both are installed',
    reason:
      'One hides the other wherever case does not count: the same image would hold other files when unpacked there.',
  },
  {
    question: 'A wheel has a folder in `.data/scripts`',
    ours: 'installed below `bin`, as pip does it',
    uvs: 'refused',
    reason: 'The specification does not forbid it.',
  },
  {
    question: 'A release has a wheel for `linux_x86_64` beside one for `manylinux`',
    ours: 'the first',
    uvs: 'the second',
    reason: 'What was built for this kind of machine comes first in the order of the `packaging` library today (26.3).',
  },
] as const;

const LINES_OF_INSTALLERS = /^[^\n]*\.dist-info\/(?:INSTALLER|REQUESTED|direct_url\.json|RECORD\.(?:jws|p7s)),.*\n/gm;

/** Of scripts that an entry point has replaced. */
const STALE_LINES = /^[^/\n]+\.data\/scripts\/.*\n/gm;

function saySame({ ours, uvs }: Difference): boolean {
  const own = ours?.text?.replace(LINES_OF_INSTALLERS, '');
  return own !== undefined && own === uvs?.text?.replace(LINES_OF_INSTALLERS, '').replace(STALE_LINES, '');
}

/** The URL of a record of ours that has a hash. */
function urlAndHash(file: TreeFile | undefined): string | undefined {
  const said = parseDirectUrl(file);
  return /^[0-9a-f]{64}$/.test(said.archive_info.hashes?.sha256 ?? '') ? said.url : undefined;
}

function urlIn(file: TreeFile | undefined): string {
  const said = parseDirectUrl(file);
  return Object.keys(said.archive_info).length === 0 ? said.url : 'more than a URL';
}

interface SaidUrl {
  readonly url: string;
  readonly archive_info: { readonly hashes?: { readonly sha256?: string } };
}

function parseDirectUrl(file: TreeFile | undefined): SaidUrl {
  return JSON.parse(file?.text ?? '{"archive_info":{}}') as SaidUrl;
}

/** The difference as the list has it; undefined for one that must not be. */
export function explain(difference: Difference): AllowedDifference | undefined {
  return ALLOWED_DIFFERENCES.find(({ allows }) => allows(difference));
}
