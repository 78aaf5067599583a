// Packages that a base has in the environment already. What is there in the same version stays; where another version comes, what goes: files that only the old one has, and bytecode of
// the old one, which Python would take for that of the new one (PEP 552, unchecked hashes).
import { posix } from 'node:path';
import type { Entry } from '../filesystem/entry.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import { normalizeName } from './package-name.ts';
import { parseRecord } from './record.ts';
import type { LockedWheel } from './lock.ts';
import type { VenvLayout } from './venv.ts';

const RECORD = /\/lib\/(python3\.\d+t?)\/site-packages\/([^/]+?)-([^/-]+)\.dist-info\/RECORD$/;
/** Packages with tens of thousands of files have some megabytes. */
const RECORD_LIMIT_BYTES = 8 << 20;

/** How much of a file of a base must be kept for `replacedFiles`; undefined for other files. @param root of the environment, without leading slash */
export function captureForReplaced(path: string, root: string): number | undefined {
  return path.startsWith(`${root}/`) && RECORD.test(path) ? RECORD_LIMIT_BYTES : undefined;
}

export interface InstalledPackage {
  /** Normalised. */
  readonly name: string;
  readonly version: string;
  /** Folder of the Python that has it: `python3.12`. */
  readonly python: string;
}

/** All packages of the environment at `root`, which has no leading slash. */
export function installedIn({ captured }: BaseFacts, root: string): InstalledPackage[] {
  return [...captured.keys()].flatMap((path) => {
    const [, python, name, version] = RECORD.exec(path) ?? [];
    if (!path.startsWith(`${root}/`) || !python || !name || !version) return [];
    return [{ name: normalizeName(name), version, python }];
  });
}

/** Those that an environment of this layout sees. */
export function installedFor(installed: readonly InstalledPackage[], { sitePackages }: VenvLayout): InstalledPackage[] {
  return installed.filter(({ python }) => sitePackages === `lib/${python}/site-packages`);
}

/** What must be installed beside what is there: a URL or commit may be anything, so that its wheel always counts as another. */
export function lacking(wheels: readonly LockedWheel[], installed: readonly InstalledPackage[]): LockedWheel[] {
  const known = new Set(installed.map(({ name, version }) => `${name}==${version}`));
  return wheels.filter(({ name, version, directUrl }) => directUrl !== undefined || !known.has(`${name}==${version}`));
}

interface Installed {
  /** Normalised. */
  readonly name: string;
  readonly entries: readonly Entry[];
}

/**
 * Whiteouts by the name of the package that makes them necessary.
 * @param facts of the base, whose environment has the layout of the new one where it has any
 * @param installed all packages, with what they install
 */
export function replacedFiles(
  facts: BaseFacts,
  { root, sitePackages }: VenvLayout,
  installed: readonly Installed[],
): ReadonlyMap<string, readonly Entry[]> {
  const folder = `${root.slice(1)}/${sitePackages}`;
  const old = distributionsOf(facts, folder);
  if (old.size === 0) return new Map();
  const written = new Set(installed.flatMap(({ entries }) => entries.map(({ path }) => path)));
  const gone = installed.flatMap(({ name }): [string, Entry[]][] => {
    const records = old.get(name) ?? [];
    const paths = new Set(records.flatMap((record) => pathsOf(facts, folder, record)));
    const whiteouts = [...paths]
      .filter((path) => !written.has(path) && facts.entries.has(path))
      .map((path): Entry => ({ type: 'whiteout', path }));
    return whiteouts.length === 0 ? [] : [[name, whiteouts]];
  });
  return new Map(gone);
}

/** RECORD files of the base's environment by normalised name. */
function distributionsOf({ captured }: BaseFacts, folder: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const path of captured.keys()) {
    if (!path.startsWith(`${folder}/`) || !RECORD.test(path)) continue;
    const [, , name = ''] = RECORD.exec(path) ?? [];
    const key = normalizeName(name);
    found.set(key, [...(found.get(key) ?? []), path]);
  }
  return found;
}

/** All that a distribution has installed, with the bytecode beside it (PEP 3147, PEP 488). */
function pathsOf({ captured }: BaseFacts, folder: string, record: string): string[] {
  const rows = parseRecord(new TextDecoder().decode(captured.get(record))) ?? [];
  const listed = rows.map(({ path }) => posix.join(folder, path));
  const [, python = ''] = RECORD.exec(record) ?? [];
  const tag = `cpython-${python.replace(/^python|\./g, '')}`;
  const bytecode = listed.flatMap((path) => {
    const { dir, name, ext } = posix.parse(path);
    return ext === '.py'
      ? ['', '.opt-1', '.opt-2'].map((level) => `${dir}/__pycache__/${name}.${tag}${level}.pyc`)
      : [];
  });
  return [...listed, ...bytecode, record];
}
