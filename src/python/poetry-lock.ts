// poetry.lock: which of its packages one target gets. It names files and their digests, but not where they are: that is asked of the indexes.
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import { ImageSpecError, messageOf } from '../core/error.ts';
import type { Interpreter } from './interpreter.ts';
import type { MarkerEnvironment, Selection } from './markers.ts';
import { markerEnvironment, markerHolds, withExtras } from './markers.ts';
import { normalizeName } from './package-name.ts';
import { allowsVersion } from './poetry-constraint.ts';
import type { PoetryDependency, PoetryProject } from './poetry-project.ts';
import { dependencyTable, listed } from './poetry-project.ts';

const source = z.object({
  type: z.enum(['legacy', 'git', 'url', 'file', 'directory']),
  url: z.string(),
  reference: z.string().optional(),
  resolved_reference: z.string().optional(),
  subdirectory: z.string().optional(),
});
const locked = z.object({
  name: z.string(),
  version: z.string(),
  optional: z.boolean().default(false),
  'python-versions': z.string().default('*'),
  groups: z.array(z.string()).default([]),
  markers: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  files: z.array(z.object({ file: z.string(), hash: z.string() })).default([]),
  dependencies: dependencyTable,
  extras: z.record(z.string(), z.array(z.string())).default({}),
  source: source.optional(),
});
const schema = z.object({
  package: z.array(locked).default([]),
  metadata: z.object({ 'lock-version': z.string(), 'content-hash': z.string().optional() }),
});

export type PoetryLock = z.output<typeof schema>;
type PoetryPackage = PoetryLock['package'][number];

/** Throws `REQUIREMENTS_INVALID`, also for a lock of a version that is not known. */
export function parsePoetryLock(text: string, path: string): PoetryLock {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    const at = cause instanceof TomlError ? ` at line ${cause.line}` : '';
    const [reason = ''] = messageOf(cause).replace('Invalid TOML document: ', '').split('\n', 1);
    throw invalid(path, `is not TOML${at}: ${reason}`, cause);
  }
  const version = z.object({ metadata: z.object({ 'lock-version': z.string() }) }).safeParse(document);
  const found = version.data?.metadata['lock-version'];
  if (found !== undefined && !/^2\.\d+$/.test(found))
    throw invalid(path, `has the lock version ${found}, only 2 is known`);
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const { path: place, message } = parsed.error.issues[0]!;
  throw invalid(path, `is not a lock of poetry: ${place.join('.')}: ${message}`);
}

/** A package that is to be installed, as uv is to be asked for it. */
export interface PoetryPin {
  /** Normalised. */
  readonly name: string;
  /** PEP 508, without markers. */
  readonly requirement: string;
  /** The index it comes from, when it is not the default one; `name` as uv takes it. */
  readonly index: { readonly name: string; readonly url: string } | undefined;
  readonly hashes: ReadonlySet<Digest>;
  /** Whether it has no wheel. */
  readonly isSource: boolean;
}

export interface PinOptions {
  readonly interpreter: Interpreter;
  /** Host path of the lock. */
  readonly file: string;
  readonly project: PoetryProject;
  readonly selection: Selection;
  /** Whether folders are left out (`--no-directory`). */
  readonly withoutFolders: boolean;
}

/** Name of the group of all dependencies that are in none. */
const MAIN = 'main';

/** Throws `REQUIREMENTS_INVALID` when the lock lacks what the project asks for, or says two things. */
export function pinsOf(lock: PoetryLock, options: PinOptions): PoetryPin[] {
  const { interpreter, selection, file, withoutFolders } = options;
  const environment = withExtras(markerEnvironment(interpreter, selection));
  const knowsGroups = lock.metadata['lock-version'] !== '2.0';
  const chosen = knowsGroups ? byGroups(lock, environment, selection) : byGraph(lock, environment, options);
  const names = new Set<string>();
  for (const { name } of chosen) {
    if (names.has(normalizeName(name))) throw invalid(file, `has two versions of ${name} for one target`);
    names.add(normalizeName(name));
  }
  const wanted = withoutFolders ? chosen.filter(({ source: from }) => from?.type !== 'directory') : chosen;
  return wanted.map((one) => pinOf(one, file));
}

/** Since lock version 2.1, each package says for which groups it is there, and under which marker. */
function byGroups(
  { package: all }: PoetryLock,
  environment: MarkerEnvironment,
  { groups }: Selection,
): PoetryPackage[] {
  const wanted = new Set([MAIN, ...groups].map(normalizeName));
  return all.filter(({ groups: own, markers }) =>
    own.some((group) => {
      const marker = typeof markers === 'string' ? markers : markers?.[group];
      return wanted.has(normalizeName(group)) && (marker === undefined || markerHolds(marker, environment));
    }),
  );
}

/** Before, what is needed follows from what the project asks for, and that from what it asks for in turn. */
function byGraph(lock: PoetryLock, environment: MarkerEnvironment, options: PinOptions): PoetryPackage[] {
  const { project, selection, interpreter, file } = options;
  const byName = Map.groupBy(lock.package, ({ name }) => normalizeName(name));
  const optional = new Set(selection.extras.flatMap((extra) => project.extras.get(normalizeName(extra)) ?? []));
  const ofGroups = selection.groups.flatMap((group) => project.groups.get(normalizeName(group)) ?? []);
  const roots = [...project.dependencies.filter((one) => !one.optional || optional.has(one.name)), ...ofGroups];
  const chosen = new Map<string, PoetryPackage>();
  const seen = new Set<string>();
  const open = roots.filter((one) => isMeant(one, environment, interpreter));
  for (let wanted = open.pop(); wanted; wanted = open.pop()) {
    const one = packageFor(wanted, byName.get(wanted.name) ?? [], interpreter);
    if (!one) throw invalid(file, `has no ${wanted.name}${wanted.version ? ` ${wanted.version}` : ''} for this target`);
    chosen.set(`${wanted.name} ${one.version} ${one.source?.url ?? ''}`, one);
    for (const extra of ['', ...wanted.extras.map(normalizeName)]) {
      const key = `${wanted.name} ${one.version} [${extra}]`;
      if (seen.has(key)) continue;
      seen.add(key);
      const own = withExtra(environment, extra);
      open.push(...needsOf(one, extra).filter((next) => isMeant(next, own, interpreter)));
    }
  }
  return [...chosen.values()];
}

/** Dependencies of a package, or of one of its extras. */
function needsOf(one: PoetryPackage, extra: string): PoetryDependency[] {
  const ofExtra = Object.entries(one.extras).find(([name]) => normalizeName(name) === extra)?.[1] ?? [];
  const names = new Set(ofExtra.map((text) => normalizeName(/^[\w.-]+/.exec(text)?.[0] ?? '')));
  return listed(one.dependencies).filter(({ name, optional }) =>
    extra === '' ? !optional : optional && names.has(name),
  );
}

function withExtra({ values, sets }: MarkerEnvironment, extra: string): MarkerEnvironment {
  return { values, sets: { ...sets, extra: new Set(extra === '' ? [] : [extra]) } };
}

function isMeant(
  { markers, python }: PoetryDependency,
  environment: MarkerEnvironment,
  { version }: Interpreter,
): boolean {
  if (python !== undefined && !allowsVersion(python, version)) return false;
  return markers === undefined || markerHolds(markers, environment);
}

/** Of several versions in the lock, the one that this dependency and the target allow. */
function packageFor(
  { version }: PoetryDependency,
  candidates: readonly PoetryPackage[],
  interpreter: Interpreter,
): PoetryPackage | undefined {
  if (candidates.length === 1) return candidates[0];
  return candidates.find(
    (one) =>
      allowsVersion(one['python-versions'], interpreter.version) &&
      (version === undefined || allowsVersion(version, one.version)),
  );
}

function pinOf({ name, version, source: from, files }: PoetryPackage, file: string): PoetryPin {
  const hashes = new Set(files.map(({ hash }) => hash.toLowerCase()).filter(isDigest));
  if (files.length > 0 && hashes.size === 0) throw invalid(file, `gives no sha256 for ${name}`);
  const below = from?.subdirectory === undefined ? '' : `#subdirectory=${from.subdirectory}`;
  const place = (path: string): string => pathToFileURL(resolve(dirname(file), path)).href;
  const pin = { name: normalizeName(name), index: undefined, hashes, isSource: true };
  switch (from?.type) {
    case 'git':
      return { ...pin, requirement: `${name} @ git+${gitUrl(from.url)}@${from.resolved_reference ?? ''}${below}` };
    case 'directory':
    case 'file':
      return { ...pin, requirement: `${name} @ ${place(from.url)}${below}`, isSource: !from.url.endsWith('.whl') };
    case 'url':
      return { ...pin, requirement: `${name} @ ${from.url}${below}`, isSource: !/\.whl(?:[?#]|$)/.test(from.url) };
    case 'legacy':
    case undefined: {
      const isSource = files.length > 0 && !files.some((one) => one.file.endsWith('.whl'));
      const index = from && { name: (from.reference ?? 'source').replace(/[^A-Za-z0-9._-]+/g, '-'), url: from.url };
      return { ...pin, requirement: `${name}==${version}`, index, isSource };
    }
  }
}

/** `git@host:path`, as scp has it, is no URL. */
function gitUrl(url: string): string {
  return URL.canParse(url) && url.includes('://')
    ? url
    : url.replace(/^(?:([^@/]+@))?([^:/]+):(?!\/\/)/, 'ssh://$1$2/');
}

function invalid(path: string, why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_INVALID', `The lock file ${path} ${why}`, {
    hint: 'Make it anew with "poetry lock".',
    cause,
  });
}

/** The project file by which uv finds where the files of these packages are: each at its version, in its index, without what they need. */
export function questionOf(pins: readonly PoetryPin[]): string {
  const indexes = new Map(pins.flatMap(({ index }) => (index ? [[index.name, index.url] as const] : [])));
  const text = (value: string): string => JSON.stringify(value);
  return [
    '[project]',
    'name = "imagespec-question"',
    'version = "0"',
    `dependencies = [${pins.map(({ requirement }) => text(requirement)).join(', ')}]`,
    ...[...indexes].flatMap(([name, url]) => [
      '[[tool.uv.index]]',
      `name = ${text(name)}`,
      `url = ${text(url)}`,
      'explicit = true',
    ]),
    '[tool.uv.sources]',
    ...pins.flatMap(({ name, index }) => (index ? [`${text(name)} = { index = ${text(index.name)} }`] : [])),
    '',
  ].join('\n');
}
