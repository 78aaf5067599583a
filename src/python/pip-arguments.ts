// `pip_extra_args`: options of pip and uv that flytekit appends to the command that installs, as far as they have a meaning where nothing is
// installed by pip. Each is followed, or known to change nothing in an image, or refused by name.
import { redactText } from '../core/redact.ts';
import { normalizeName } from './package-name.ts';
import { shellWords } from './shell-words.ts';

export interface PipArguments {
  /** Options of `uv pip compile` that decide what is chosen. */
  readonly resolver: readonly string[];
  /** Normalised names, or `:all:`. */
  readonly noBinary: readonly string[];
  readonly onlyBinary: readonly string[];
  /** Paths of files, as written. */
  readonly constraints: readonly string[];
  readonly overrides: readonly string[];
  readonly requireHashes: boolean;
  /** May hold credentials, as all that is named here. */
  readonly indexUrl: string | undefined;
  readonly extraIndexUrls: readonly string[];
  readonly findLinks: readonly string[];
  readonly keyring: boolean;
  readonly extras: readonly string[];
  readonly groups: readonly string[];
  /** Of a lock file: what is not installed. */
  readonly left: LeftOut;
}

interface LeftOut {
  /** Normalised names. */
  readonly names: readonly string[];
  /** Members of the workspace, or whatever is a folder beside the lock. */
  readonly folders: 'none' | 'workspace' | 'all';
}

/** What is wrong with the text, and what to do about it. */
export interface ArgumentProblem {
  /** Follows the field's name in a sentence: `has the option --target, which is not supported yet`. */
  readonly what: string;
  readonly todo: string;
}

type Meaning =
  | 'nothing'
  | 'resolver'
  | 'noBinary'
  | 'onlyBinary'
  | 'constraint'
  | 'override'
  | 'requireHashes'
  | 'index'
  | 'extraIndex'
  | 'findLinks'
  | 'keyring'
  | 'extra'
  | 'group'
  | 'leftName'
  | 'leftWorkspace'
  | 'leftFolders';

const table = (meaning: Meaning, names: string): [string, Meaning][] => names.split(' ').map((name) => [name, meaning]);

/** Options without a value. */
const SWITCHES: ReadonlyMap<string, Meaning> = new Map([
  // What the environment of the base has is kept where it fits, unless an upgrade is asked for.
  ...table('resolver', '--pre --no-deps --no-index --no-sources --upgrade -U'),
  ...table('requireHashes', '--require-hashes'),
  ...table('leftWorkspace', '--no-install-workspace'),
  ...table('leftFolders', '--no-install-local --no-directory'),
  // Nothing is installed in the environment before, no cache and no word of pip is in the image, and bytecode is what `compile` says. Of wheels
  // and sources of a version the wheel is taken anyway; a lock is checked and never changed, and without what is for development.
  ...table(
    'nothing',
    '--no-cache-dir --no-cache -n --refresh --quiet -q -qq -qqq --verbose -v -vv -vvv --no-input --no-color --no-progress --no-compile ' +
      '--no-compile-bytecode --disable-pip-version-check --prefer-binary --no-warn-script-location --no-warn-conflicts ' +
      '--no-python-version-warning --force-reinstall --reinstall --ignore-installed -I --break-system-packages --system ' +
      '--no-clean --locked --frozen --no-dev --no-install-project --no-root --no-interaction --no-ansi',
  ),
]);

/** Options with a value. */
const VALUED: ReadonlyMap<string, Meaning> = new Map([
  ...table(
    'resolver',
    '--upgrade-package -P --prerelease --prerelease-package --resolution --exclude-newer --exclude-newer-package --index-strategy --fork-strategy',
  ),
  ...table('noBinary', '--no-binary --no-binary-package'),
  ...table('onlyBinary', '--only-binary'),
  ...table('constraint', '-c --constraint --constraints'),
  ...table('override', '--override --overrides'),
  ...table('index', '-i --index-url --default-index'),
  ...table('extraIndex', '--extra-index-url --index'),
  ...table('findLinks', '-f --find-links'),
  ...table('keyring', '--keyring-provider'),
  ...table('extra', '--extra'),
  ...table('group', '--group'),
  ...table('leftName', '--no-install-package'),
  ...table(
    'nothing',
    '--progress-bar --root-user-action --upgrade-strategy --reinstall-package --refresh-package --link-mode --cache-dir ' +
      '--color --retries --timeout --default-timeout --resume-retries',
  ),
]);

/** What to do in place of an option that is refused. */
const INSTEAD: Readonly<Record<string, string>> = {
  '-r': 'Include the file in that under `requirements`.',
  '--requirement': 'Include the file in that under `requirements`.',
  '-e': 'List the folder under `packages`: a wheel of it is installed.',
  '--editable': 'List the folder under `packages`: a wheel of it is installed.',
  '--compile': 'Use `compile: true`.',
  '--compile-bytecode': 'Use `compile: true`.',
  '--all-extras': 'Name them under `extras`.',
  '--all-groups': 'Name them under `groups`.',
  '-E': 'Name them under `extras`.',
  '--extras': 'Name them under `extras`.',
  '--with': 'Name them under `groups`.',
  '--only-group': 'Name the others out of the lock, or lock a project of its own.',
  '--cert': 'Set SSL_CERT_FILE for the build.',
  '--trusted-host': 'Set SSL_CERT_FILE for the build to the certificate of that host; plain http needs no option.',
  '--allow-insecure-host':
    'Set SSL_CERT_FILE for the build to the certificate of that host; plain http needs no option.',
  '--proxy': 'Set HTTPS_PROXY for the build.',
  '--python': 'The interpreter is that of `base_image`.',
  '--platform': 'The target is that of `platform` and `base_image`.',
  '--python-version': 'The target is that of `python_version` and `base_image`.',
};
const ELSE = 'Leave it out: it has no counterpart where packages are installed without pip.';

interface Given {
  readonly option: string;
  readonly value: string;
  readonly meaning: Meaning;
}

/** What the text asks for, or what is wrong with it. */
export function readPipArguments(text: string): PipArguments | ArgumentProblem {
  const words = shellWords(text);
  if (!words)
    return {
      what: 'is not a list of plain words',
      todo: 'Close all quotes, and write values as they are: no shell fills in $ or *.',
    };
  const given: Given[] = [];
  for (let at = 0; at < words.length; at++) {
    const { option, value: joined } = splitOption(words[at]!);
    const meaning = joined === undefined ? SWITCHES.get(option) : undefined;
    if (meaning) {
      given.push({ option, value: '', meaning });
      continue;
    }
    const valued = VALUED.get(option);
    if (!valued) return unknown(option);
    const value = joined ?? words[++at];
    if (value === undefined || value === '')
      return { what: `has ${option} without its value`, todo: 'Write the value behind it.' };
    const problem = problemOf(valued, option, value);
    if (problem) return problem;
    given.push({ option, value, meaning: valued });
  }
  return argumentsOf(given);
}

export function isProblem(read: PipArguments | ArgumentProblem): read is ArgumentProblem {
  return 'what' in read;
}

/** `--option=value`, and `-ivalue` for the few short ones that have a value. */
function splitOption(word: string): { readonly option: string; readonly value?: string | undefined } {
  if (word.startsWith('--')) {
    const at = word.indexOf('=');
    return at < 0 ? { option: word } : { option: word.slice(0, at), value: word.slice(at + 1) };
  }
  const short = word.slice(0, 2);
  return /^-[a-zA-Z]./.test(word) && VALUED.has(short) ? { option: short, value: word.slice(2) } : { option: word };
}

function unknown(option: string): ArgumentProblem {
  const shown = redactText(option.slice(0, 60));
  if (!option.startsWith('-'))
    return { what: `has "${shown}", which is no option`, todo: 'List requirements under `packages`.' };
  return { what: `has the option ${shown}, which is not supported yet`, todo: INSTEAD[option] ?? ELSE };
}

function problemOf(meaning: Meaning, option: string, value: string): ArgumentProblem | undefined {
  if (meaning === 'index' || meaning === 'extraIndex' || meaning === 'findLinks') {
    const url = URL.parse(value.replace(/^[\w.-]+=(?=https?:)/, ''));
    if (url && /^https?:$/.test(url.protocol)) return undefined;
    const what = meaning === 'findLinks' ? 'a folder of this machine' : 'something that is no URL';
    return {
      what: `has ${option} with ${what}, which is not supported yet`,
      todo: 'Write an https URL; a wheel of this machine is named under `packages` by its path.',
    };
  }
  if (meaning === 'keyring' && value !== 'subprocess' && value !== 'disabled')
    return {
      what: `has ${option} with ${redactText(value.slice(0, 60))}, which is not supported yet`,
      todo: 'Write subprocess: the program keyring is asked.',
    };
  return undefined;
}

function argumentsOf(given: readonly Given[]): PipArguments {
  const values = (meaning: Meaning): string[] => given.flatMap((one) => (one.meaning === meaning ? [one.value] : []));
  const has = (meaning: Meaning): boolean => given.some((one) => one.meaning === meaning);
  const names = (meaning: Meaning): string[] =>
    values(meaning)
      .flatMap((value) => value.split(','))
      .map((name) => (name.startsWith(':') ? name : normalizeName(name)));
  return {
    resolver: [
      ...new Set(
        given.flatMap(({ option, value, meaning }) =>
          meaning === 'resolver' ? [value === '' ? option : `${option}=${value}`] : [],
        ),
      ),
    ],
    noBinary: names('noBinary'),
    onlyBinary: names('onlyBinary'),
    constraints: values('constraint'),
    overrides: values('override'),
    requireHashes: has('requireHashes'),
    indexUrl: values('index').at(-1),
    extraIndexUrls: values('extraIndex').map((url) => url.replace(/^[\w.-]+=(?=https?:)/, '')),
    findLinks: values('findLinks'),
    keyring: values('keyring').at(-1) === 'subprocess',
    extras: names('extra'),
    groups: names('group'),
    left: {
      names: names('leftName'),
      folders: has('leftFolders') ? 'all' : has('leftWorkspace') ? 'workspace' : 'none',
    },
  };
}
