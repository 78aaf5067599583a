// Package sources for tests, in lines: `git 1:2.39; Depends: libc6 (>= 2.34), perl | miniperl; Suite: bookworm`.
import type { Stanza } from '../../src/deb/control.ts';
import type { Candidate, PackageIndex, PackageVersion } from '../../src/deb/package.ts';
import { parsePackageVersion } from '../../src/deb/relation.ts';
import type { Resolution, ResolutionRequest } from '../../src/apt/resolve.ts';
import { resolvePackages } from '../../src/apt/resolve.ts';
import { parseWant } from '../../src/apt/want.ts';

/** Fields that are not written: Architecture all, Priority optional, Suite stable, Pin 500. */
function parseLine(line: string): { readonly version: PackageVersion; readonly own: ReadonlyMap<string, string> } {
  const [head = '', ...parts] = line.split(';').map((part) => part.trim());
  const [name = '', number = ''] = head.split(' ');
  const fields = parts.map((part) => part.split(/:\s*(.*)/s).slice(0, 2) as [string, string]);
  const own = new Map(fields);
  const stanza: Stanza = [
    ['Package', name],
    ['Version', number],
    ['Architecture', own.get('Architecture') ?? 'all'],
    ...fields,
  ];
  return { version: parsePackageVersion(stanza, 'amd64'), own };
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** Providers come in the order of the lines, and a name ranks where its own line stands. */
export function makeIndex(text: string): PackageIndex {
  const candidates = linesOf(text).map((line): Candidate => {
    const { version, own } = parseLine(line);
    const url = `http://mirror.example/pool/${version.name}_${version.version}.deb`;
    const suites = (own.get('Suite') ?? 'stable').split(' ');
    return { ...version, url, size: 1, digest: `sha256:${'0'.repeat(64)}`, suites, pin: Number(own.get('Pin') ?? 500) };
  });
  const names = [...new Set(candidates.map(({ name }) => name))];
  return {
    versions: (name) => candidates.filter((one) => one.name === name),
    providers: (name) => candidates.filter((one) => one.name !== name && one.provides.some((it) => it.name === name)),
    names: () => names,
    rank: (name) => names.indexOf(name),
  };
}

function makeInstalled(text: string): PackageVersion[] {
  return linesOf(text).map((line) => parseLine(line).version);
}

export interface Setting extends Partial<Omit<ResolutionRequest, 'wants' | 'index' | 'installed'>> {
  readonly index: string;
  readonly installed?: string;
}

/** @param wants parted by spaces */
export function resolveIn({ index, installed = '', ...rest }: Setting, wants: string): Resolution {
  return resolvePackages({
    wants: wants
      .split(' ')
      .filter((word) => word !== '')
      .map(parseWant),
    index: makeIndex(index),
    installed: makeInstalled(installed),
    suites: ['stable'],
    architecture: 'amd64',
    essential: false,
    ...rest,
  });
}

/** `name=version` of what would be installed, in its order. */
export function chosenIn(setting: Setting, wants: string): string[] {
  return resolveIn(setting, wants).install.map(({ candidate }) => `${candidate.name}=${candidate.version}`);
}
