// What a pyproject.toml says for poetry: dependencies by group and extra, and the digest by which a lock knows that it is of this file.
import { createHash } from 'node:crypto';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { normalizeName } from './package-name.ts';
import { ImageSpecError } from '../core/error.ts';
import { linesOfGroup, parseProject } from './project-file.ts';

const options = z.object({
  version: z.string().optional(),
  python: z.string().optional(),
  markers: z.string().optional(),
  extras: z.array(z.string()).default([]),
  optional: z.boolean().default(false),
});
const constraint = z.union([z.string().transform((version) => options.parse({ version })), options]);
/** By name: a version, options, or a list of them for several targets. */
export const dependencyTable = z
  .record(z.string(), z.union([constraint.transform((one) => [one]), z.array(constraint)]))
  .default({});

type PoetryOptions = z.output<typeof options>;

const toolSchema = z.object({
  dependencies: dependencyTable,
  'dev-dependencies': dependencyTable,
  extras: z.record(z.string(), z.array(z.string())).default({}),
  group: z.record(z.string(), z.object({ dependencies: dependencyTable })).default({}),
});

export interface PoetryDependency extends PoetryOptions {
  /** Normalised. */
  readonly name: string;
}

export interface PoetryProject {
  readonly dependencies: readonly PoetryDependency[];
  /** By normalised name. */
  readonly groups: ReadonlyMap<string, readonly PoetryDependency[]>;
  /** Normalised names of extras, and of the packages that each asks for. */
  readonly extras: ReadonlyMap<string, readonly string[]>;
}

/** Throws `REQUIREMENTS_INVALID`. */
export function parsePoetryProject(text: string, path: string): PoetryProject {
  const parsed = parseProject(text, path);
  const { project, tool } = parsed;
  const checked = toolSchema.safeParse(tool?.poetry ?? {});
  if (!checked.success) throw invalid(path, checked.error.issues[0]!);
  const own = checked.data;
  const groups = new Map<string, PoetryDependency[]>();
  const add = (group: string, more: readonly PoetryDependency[]): void => {
    const name = normalizeName(group);
    groups.set(name, [...(groups.get(name) ?? []), ...more]);
  };
  for (const name of Object.keys(parsed['dependency-groups']))
    add(
      name,
      linesOfGroup(parsed, name, path).flatMap((line) => fromRequirement(line.text)),
    );
  for (const [name, group] of Object.entries(own.group)) add(name, listed(group.dependencies));
  const dev = listed(own['dev-dependencies']);
  if (dev.length > 0) add('dev', dev);
  const extras = new Map(
    Object.entries(own.extras).map(([name, all]) => [normalizeName(name), all.map(normalizeName)]),
  );
  const optional: PoetryDependency[] = [];
  for (const [name, all] of Object.entries(project?.['optional-dependencies'] ?? {})) {
    const asked = all.flatMap(fromRequirement);
    optional.push(...asked.map((one) => ({ ...one, optional: true })));
    extras.set(
      normalizeName(name),
      asked.map((one) => one.name),
    );
  }
  const dependencies = [
    ...(project?.dependencies ?? []).flatMap(fromRequirement),
    ...optional,
    ...listed(own.dependencies),
  ];
  return { dependencies, groups, extras };
}

function invalid(path: string, { path: place, message }: z.core.$ZodIssue): ImageSpecError {
  const why = `is not as it should be: tool.poetry.${place.join('.')}: ${message}`;
  return new ImageSpecError('REQUIREMENTS_INVALID', `${path} ${why}`, { hint: 'Run "poetry check".' });
}

/** Those of a table; `python` among them is the interpreter. */
export function listed(table: z.output<typeof dependencyTable>): PoetryDependency[] {
  return Object.entries(table).flatMap(([name, all]) =>
    name === 'python' ? [] : all.map((one) => ({ ...one, name: normalizeName(name) })),
  );
}

/** Name, extras and marker of a requirement (PEP 508); its version is for who locks. */
function fromRequirement(text: string): PoetryDependency[] {
  const [, name, extras = '', rest = ''] = /^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[([^\]]*)\])?(.*)$/s.exec(text) ?? [];
  if (name === undefined) return [];
  const markers = /(?:^|[\s"'\w)\]*]);(.*)$/s.exec(rest)?.[1]?.trim();
  const own = {
    name: normalizeName(name),
    extras: extras
      .split(',')
      .filter(Boolean)
      .map((one) => one.trim()),
    optional: false,
  };
  return [markers === undefined ? own : { ...own, markers }];
}

const LEGACY_KEYS = ['dependencies', 'source', 'extras', 'dev-dependencies'];
const PROJECT_KEYS = ['requires-python', 'dependencies', 'optional-dependencies'];

/**
 * The values of `content-hash` that a lock of this text may have, SHA-256 in hex: poetry counts dependency groups since 2.3
 * (poetry, locker.py, `_get_content_hash`).
 */
export function contentHashes(text: string): readonly string[] {
  const document = parse(text, { integersAsBigInt: true });
  return [true, false].map((withGroups) => {
    const content = relevantContent(document, withGroups);
    return createHash('sha256').update(pythonJson(content)).digest('hex');
  });
}

type Table = Readonly<Record<string, unknown>>;

function relevantContent(document: Table, withGroups: boolean): Table {
  const tableIn = (table: Table, key: string): Table => (table[key] ?? {}) as Table;
  const project = picked(tableIn(document, 'project'), PROJECT_KEYS);
  const groups = withGroups ? tableIn(document, 'dependency-groups') : {};
  const poetry = tableIn(tableIn(document, 'tool'), 'poetry');
  const isStandard = Object.keys(project).length + Object.keys(groups).length > 0;
  const legacy = isStandard
    ? []
    : LEGACY_KEYS.filter((key) => poetry[key] === undefined).map((key) => [key, null] as const);
  const own = { ...picked(poetry, [...LEGACY_KEYS, 'group']), ...Object.fromEntries(legacy) };
  if (!isStandard) return own;
  return {
    ...(Object.keys(project).length > 0 && { project }),
    ...(Object.keys(groups).length > 0 && { 'dependency-groups': groups }),
    tool: { poetry: own },
  };
}

function picked(table: Table, keys: readonly string[]): Table {
  return Object.fromEntries(keys.flatMap((key) => (table[key] === undefined ? [] : [[key, table[key]]])));
}

/** As Python's `json.dumps(value, sort_keys=True)` writes it. */
function pythonJson(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'boolean' || value === null) return String(value);
  if (typeof value === 'number') return Number.isInteger(value) ? `${value}.0` : String(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, inner]) => `${pythonJson(key)}: ${pythonJson(inner)}`).join(', ')}}`;
  }
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
