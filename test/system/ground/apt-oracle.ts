// The oracle of the resolver: the package lists of this machine's apt as an index of ours, and what apt-get itself would install.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Stanza } from '../../../src/deb/control.ts';
import { fieldOf, parseStanzas } from '../../../src/deb/control.ts';
import type { Candidate, PackageIndex, PackageVersion } from '../../../src/deb/package.ts';
import { parsePackageVersion } from '../../../src/deb/relation.ts';
import type { Resolution } from '../../../src/apt/resolve.ts';

const run = promisify(execFile);
/** A release's list of packages is some 50 MB. */
const MOST_OUTPUT = 500_000_000;

export interface AptLists {
  readonly index: PackageIndex;
  readonly suites: readonly string[];
}

/**
 * What apt has fetched, in the order of its sources.
 * @param options apt's `-o Name=value`, to read another state than the machine's own
 */
export async function readAptLists(architecture: string, options: readonly string[] = []): Promise<AptLists> {
  const format = '$(CODENAME) $(SUITE) $(FILENAME)';
  const targets = await print('apt-get', [...options, 'indextargets', '--format', format, 'Created-By: Packages']);
  const lists = targets
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const candidates: Candidate[] = [];
  const ranks = new Map<string, number>();
  for (const [codename = '', suite = '', file = ''] of lists) {
    const text = await print('/usr/lib/apt/apt-helper', ['cat-file', file]);
    for (const stanza of parseStanzas(text, refuseLine)) {
      rankNames(stanza, ranks);
      candidates.push({
        ...parsePackageVersion(stanza, architecture),
        ...whereabouts(stanza),
        suites: [codename, suite],
      });
    }
  }
  return { index: makeIndex(candidates, ranks), suites: lists.map(([codename = '']) => codename) };
}

async function print(program: string, args: readonly string[]): Promise<string> {
  return (await run(program, [...args], { maxBuffer: MOST_OUTPUT, env: { ...process.env, LC_ALL: 'C' } })).stdout;
}

function refuseLine(line: string): never {
  throw new Error(`"${line}" is no field`);
}

/** Fields in the order in which apt reads them out of a stanza. */
const MENTIONS = [
  'Pre-Depends',
  'Depends',
  'Conflicts',
  'Breaks',
  'Recommends',
  'Suggests',
  'Replaces',
  'Enhances',
  'Provides',
];

function rankNames(stanza: Stanza, ranks: Map<string, number>): void {
  const texts = ['Package', ...MENTIONS].map((field) => fieldOf(stanza, field) ?? '');
  for (const text of texts) {
    for (const part of text.split(/[,|]/)) {
      const name = /^\s*([a-zA-Z0-9+.-]+)(?!:any)/.exec(part)?.[1];
      if (name !== undefined && !part.includes(':any') && !ranks.has(name)) ranks.set(name, ranks.size);
    }
  }
}

function whereabouts(stanza: Stanza): Pick<Candidate, 'url' | 'size' | 'digest' | 'pin'> {
  return {
    url: `http://mirror.example/${fieldOf(stanza, 'Filename') ?? ''}`,
    size: Number(fieldOf(stanza, 'Size')),
    digest: `sha256:${fieldOf(stanza, 'SHA256') ?? ''}`,
    pin: 500,
  };
}

function makeIndex(candidates: readonly Candidate[], ranks: ReadonlyMap<string, number>): PackageIndex {
  const versions = Map.groupBy(candidates, ({ name }) => name);
  const providers = new Map<string, Set<Candidate>>();
  for (const candidate of candidates) {
    for (const { name } of candidate.provides) {
      if (name === candidate.name) continue;
      const known = providers.get(name) ?? new Set();
      providers.set(name, known.add(candidate));
    }
  }
  return {
    versions: (name) => versions.get(name) ?? [],
    providers: (name) => [...(providers.get(name) ?? [])],
    names: () => versions.keys(),
    rank: (name) => ranks.get(name) ?? ranks.size,
  };
}

/** The packages of a `status` file that are installed. */
export function readStatus(text: string, architecture: string): PackageVersion[] {
  return parseStanzas(text, refuseLine)
    .filter((stanza) => fieldOf(stanza, 'Status') === 'install ok installed')
    .map((stanza) => parsePackageVersion(stanza, architecture));
}

export interface AptAnswer {
  /** Version by name of what is unpacked; undefined when apt finds no solution. */
  readonly install: ReadonlyMap<string, string> | undefined;
  /** Names of what is removed: where there are any, ours refuses. */
  readonly remove: readonly string[];
  readonly text: string;
}

/** What `apt-get install --no-install-recommends` would do, over a status file. */
export async function askApt(
  wants: readonly string[],
  status: string,
  options: readonly string[] = [],
): Promise<AptAnswer> {
  // Without a cache file of its own, which would replace the machine's.
  const own = [
    '-o',
    'Dir::Cache::pkgcache=',
    '-o',
    `Dir::State::status=${status}`,
    '-o',
    'Dir::State::extended_states=/dev/null',
  ];
  const args = [...options, ...own, '-s', '-y', 'install', '--no-install-recommends', ...wants];
  try {
    const text = await print('apt-get', args);
    const lines = [...text.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) /gm)];
    const install = new Map(lines.map(([, name = '', version = '']) => [name.replace(/:.*/, ''), version]));
    return { install, remove: [...text.matchAll(/^(?:Remv|Purg) (\S+)/gm)].map(([, name = '']) => name), text };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { install: undefined, remove: [], text: stdout + stderr };
  }
}

/** One line for each package that one of the two would install, or in another version than the other. */
export function compareWithApt({ install }: Resolution, apt: ReadonlyMap<string, string>): string[] {
  const ours = new Map(install.map(({ candidate }) => [candidate.name, candidate.version]));
  const names = [...new Set([...ours.keys(), ...apt.keys()])].sort();
  return names
    .filter((name) => ours.get(name) !== apt.get(name))
    .map((name) => `${name}: ours ${ours.get(name) ?? 'none'}, apt ${apt.get(name) ?? 'none'}`);
}

/** `amd64`, as dpkg calls this machine's. */
export async function debianArchitecture(): Promise<string> {
  return (await print('dpkg', ['--print-architecture'])).trim();
}
