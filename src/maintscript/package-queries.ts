// dpkg(1) and dpkg-query(1) as scripts ask them: versions, states, files. Nothing is installed or removed by them.
import { NotInterpretable } from '../shell/program.ts';
import type { Call, Program } from '../shell/program.ts';
import { parseArguments, refuseOption } from './arguments.ts';
import { versionsRelate } from './compare-versions.ts';
import type { DpkgState, InstalledPackage } from './dpkg-state.ts';
import { textOf } from './paths.ts';
import { listPackages } from './list-packages.ts';
import { showFormat } from './show-format.ts';

export interface DatabaseQueries {
  readonly state: DpkgState;
  /** `amd64`, … */
  readonly nativeArchitecture: string;
  /** Negative, 0 or positive: deb-version(7). */
  readonly compareVersions: (a: string, b: string) => number;
}

/** What dpkg answers with yes since 1.17 (dpkg(1), `--assert-…`). */
const FEATURES =
  /^--assert-(support-predepends|working-epoch|long-filenames|multi-conrep|multi-arch|versioned-provides)$/;
const RELATIONS = /^(Pre-Depends|Depends|Recommends|Suggests|Breaks|Conflicts|Enhances|Provides|Replaces)$/i;

/** Whether an installed package's file system paths are asked with their architecture: `libc6:amd64`. */
const qualifiedName = ({ name, architecture, isSame }: InstalledPackage): string =>
  isSame ? `${name}:${architecture}` : name;

export function dpkg(queries: DatabaseQueries): Program {
  return (call) => {
    const [, action = '', ...rest] = call.argv;
    if (action === '--compare-versions') return compare(call, queries, rest);
    if (action === '--print-architecture') return print(call, [queries.nativeArchitecture]);
    if (action === '--print-foreign-architectures')
      return print(call, foreignArchitectures(call, queries.nativeArchitecture));
    if (FEATURES.test(action)) return 0;
    if (/^(-L|--listfiles|-s|--status|-S|--search|-l|--list)$/.test(action)) return dpkgQuery(queries)(call);
    return refuseOption(call.argv, action);
  };
}

export function dpkgQuery(queries: DatabaseQueries): Program {
  return (call) => {
    const aliases = {
      '-W': '--show',
      '-L': '--listfiles',
      '-s': '--status',
      '-S': '--search',
      '-l': '--list',
      '-f': '--showformat',
    };
    const known = {
      flags: ['--show', '--listfiles', '--status', '--search', '--list'],
      values: ['--showformat'],
      aliases,
    };
    const argv = call.argv.map((word) => word.replace(/^-f(?==?.)=?/, '--showformat='));
    const { flags, values, rest } = parseArguments(argv, known);
    const { state } = queries;
    if (flags.size !== 1) refuseOption(call.argv, call.argv.slice(1).join(' '));
    if (flags.has('--listfiles')) return each(rest, (name) => listFiles(call, state, name));
    if (flags.has('--status')) return each(rest, (name) => showStatus(call, state, name));
    if (flags.has('--list')) return listPackages(call, state, rest, (name) => isMentioned(state, name));
    if (flags.has('--search')) return each(rest, (path) => searchOwners(call, state, path));
    const format = values.get('--showformat') ?? '${binary:Package}\\t${Version}\\n';
    const names = rest.length > 0 ? rest : [...state.all()].map(qualifiedName);
    return each([...names].sort(compareNames), (name) => show(call, state, name, format));
  };
}

function compare(call: Call, { compareVersions }: DatabaseQueries, words: readonly string[]): number {
  const [first = '', operator = '', second = ''] = words[0] === '--' ? words.slice(1) : words;
  const answer = versionsRelate(first, operator, second, compareVersions);
  if (answer === undefined) return refuseOption(call.argv, `--compare-versions ${operator}`);
  return answer ? 0 : 1;
}

function print(call: Call, lines: readonly string[]): number {
  for (const line of lines) call.stdout(`${line}\n`);
  return 0;
}

/** /var/lib/dpkg/arch names all, the native one too, where there are foreign ones. */
function foreignArchitectures({ tree }: Call, native: string): string[] {
  const named = (textOf(tree, '/var/lib/dpkg/arch') ?? '').split('\n');
  return named.filter((name) => name !== '' && name !== native);
}

const each = (names: readonly string[], ask: (name: string) => number): number =>
  names.reduce((status, name) => Math.max(status, ask(name)), 0);

function listFiles(call: Call, state: DpkgState, name: string): number {
  const found = state.find(name);
  if (!found) {
    call.stderr(
      `dpkg-query: package '${name}' is not installed\nUse dpkg --contents (= dpkg-deb --contents) to list archive files contents.\n`,
    );
    return 1;
  }
  call.stdout('/.\n');
  for (const path of state.filesOf(name)) {
    const diverted = state.diversions.find(({ from, by }) => from === path && by !== found.name);
    const by = diverted?.by === ':' ? 'locally diverted' : `diverted by ${diverted?.by}`;
    call.stdout(`${path}\n${diverted ? `${by} to: ${diverted.to}\n` : ''}`);
  }
  return 0;
}

function showStatus(call: Call, state: DpkgState, name: string): number {
  const found = state.find(name);
  if (!found) {
    call.stderr(
      `dpkg-query: package '${name}' is not installed and no information is available\nUse dpkg --info (= dpkg-deb --info) to examine archive files.\n`,
    );
    return 1;
  }
  const conffiles = [...found.conffiles].map(([path, md5]) => `\n ${path} ${md5}`).join('');
  // Conffiles stand before Description, as dpkg orders its fields.
  for (const [field, value] of found.fields) {
    if (field === 'Description' && conffiles !== '') call.stdout(`Conffiles:${conffiles}\n`);
    call.stdout(`${field}:${value.startsWith('\n') || value === '' ? '' : ' '}${value}\n`);
  }
  call.stdout('\n');
  return 0;
}

function searchOwners(call: Call, state: DpkgState, path: string): number {
  if (!path.startsWith('/') || /[*?[\]\\]/.test(path)) refuseOption(call.argv, `--search ${path}`);
  const diverted = state.diversions.some(({ from, to }) => from === path || to === path);
  if (diverted) throw new NotInterpretable(`dpkg-query searches the owner of ${path}, which is diverted`);
  const asked = path.length > 1 ? path.replace(/\/+$/, '') : path;
  const owners = [...state.all()].filter((one) => state.filesOf(qualifiedName(one)).includes(asked));
  if (owners.length === 0) {
    call.stderr(`dpkg-query: no path found matching pattern ${path}\n`);
    return 1;
  }
  if (owners.length > 1)
    throw new NotInterpretable(`dpkg-query searches the owners of ${path}, of which there are several`);
  call.stdout(`${owners.map(qualifiedName).join()}: ${asked}\n`);
  return 0;
}

/** Packages are shown in the order of their names, however they were asked for. */
const compareNames = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function show(call: Call, state: DpkgState, name: string, format: string): number {
  if (/[*?[\]\\]/.test(name)) refuseOption(call.argv, `--show ${name}`);
  const found = state.find(name);
  if (!found && !isMentioned(state, name)) {
    call.stderr(`dpkg-query: no packages found matching ${name}\n`);
    return 1;
  }
  call.stdout(showFormat(format, name, found));
  return 0;
}

/** dpkg knows every package that another one's relations name, as `unknown ok not-installed`. */
function isMentioned(state: DpkgState, name: string): boolean {
  const word = new RegExp(`(^|[\\s,|])${name.replaceAll(/[+.]/g, String.raw`\$&`)}(:[a-z0-9-]+)?($|[\\s,|(])`);
  return [...state.all()].some(({ fields }) =>
    fields.some(([field, value]) => RELATIONS.test(field) && word.test(value)),
  );
}
