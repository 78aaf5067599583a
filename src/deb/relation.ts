// Relationship fields (deb-control(5), Debian Policy 7.1) as values, and a control stanza as the version of a package that it describes.
import type { Stanza } from './control.ts';
import { fieldOf } from './control.ts';
import type { Alternatives, Operator, PackageVersion, Relation } from './package.ts';
import { isVersion } from './version.ts';

/** Says what is wrong with a stanza; callers know where it comes from and wrap it. */
export class MalformedStanza extends Error {
  override readonly name = 'MalformedStanza';
}

/** `<` and `>` are old spellings of `<=` and `>=` that dpkg still reads so. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  '<<': '<<',
  '<=': '<=',
  '<': '<=',
  '=': '=',
  '>=': '>=',
  '>': '>=',
  '>>': '>>',
};

const RELATION =
  /^([a-zA-Z0-9][a-zA-Z0-9+.-]*)(?::([a-z0-9-]+))?\s*(?:\(\s*(<<|<=|<|=|>=|>>|>)\s*([^\s()]+)\s*\))?\s*(?:\[([^\][]*)\])?\s*((?:<[^<>]*>\s*)*)$/;

/** Longest field that is read: the largest of a Debian release has some tens of kilobytes. */
const LONGEST_FIELD = 1_000_000;

/**
 * `a, b | c (>= 1)`. What is meant for other architectures is left out, and so are empty entries, as dpkg leaves them out.
 * @param architecture of the target, for `[amd64]` and `[!amd64]`
 */
export function parseRelations(text: string, architecture: string): Alternatives[] {
  return splitEntries(text)
    .map((entry) => parseAlternatives(entry, architecture))
    .filter((alternatives) => alternatives.length > 0);
}

/** A field without alternatives: Provides, Conflicts, Breaks, Replaces. */
export function parseRelationList(text: string, architecture: string): Relation[] {
  return splitEntries(text).flatMap((entry) => {
    if (entry.includes('|')) throw new MalformedStanza(`"${entry}" has alternatives where there can be none`);
    return parseRelation(entry, architecture) ?? [];
  });
}

export function printRelation({ name, architecture, operator, version }: Relation): string {
  const bare = architecture === undefined ? name : `${name}:${architecture}`;
  return operator === undefined ? bare : `${bare} (${operator} ${version ?? ''})`;
}

/**
 * Throws `MalformedStanza`.
 * @param architecture of the target
 */
export function parsePackageVersion(stanza: Stanza, architecture: string): PackageVersion {
  const relations = (field: string): Alternatives[] => parseRelations(fieldOf(stanza, field) ?? '', architecture);
  const list = (field: string): Relation[] => parseRelationList(fieldOf(stanza, field) ?? '', architecture);
  const name = requireField(stanza, 'Package');
  const version = requireField(stanza, 'Version');
  if (!isVersion(version)) throw new MalformedStanza(`"${version}", the version of ${name}, is not a version`);
  return {
    name,
    version,
    ...sourceOf(stanza, name, version),
    architecture: requireField(stanza, 'Architecture'),
    multiArch: multiArchOf(stanza),
    essential: fieldOf(stanza, 'Essential') === 'yes',
    priority: fieldOf(stanza, 'Priority') ?? 'optional',
    preDepends: relations('Pre-Depends'),
    depends: relations('Depends'),
    provides: list('Provides'),
    conflicts: list('Conflicts'),
    breaks: list('Breaks'),
    replaces: list('Replaces'),
  };
}

/** `Source: name (version)`; either may be left out where it is the package's own. */
function sourceOf(stanza: Stanza, name: string, version: string): Pick<PackageVersion, 'source'> {
  const [, source = name, written = version] = /^(\S+)(?:\s+\(([^)]+)\))?$/.exec(fieldOf(stanza, 'Source') ?? '') ?? [];
  return source === name && written === version ? {} : { source: { name: source, version: written } };
}

function requireField(stanza: Stanza, field: string): string {
  const value = fieldOf(stanza, field);
  if (value === undefined || value === '') throw new MalformedStanza(`a stanza has no field ${field}`);
  return value;
}

function multiArchOf(stanza: Stanza): PackageVersion['multiArch'] {
  const value = fieldOf(stanza, 'Multi-Arch') ?? 'no';
  if (value === 'no' || value === 'same' || value === 'foreign' || value === 'allowed') return value;
  throw new MalformedStanza(`"${value}" is not a value of Multi-Arch`);
}

function splitEntries(text: string): string[] {
  if (text.length > LONGEST_FIELD) throw new MalformedStanza(`a field is longer than ${LONGEST_FIELD} characters`);
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function parseAlternatives(entry: string, architecture: string): Relation[] {
  return entry.split('|').flatMap((part) => parseRelation(part.trim(), architecture) ?? []);
}

/** Undefined for what is meant for other architectures or for builds with a profile, which an installation never has. */
function parseRelation(text: string, architecture: string): Relation | undefined {
  const [, name, qualifier, sign, version, architectures = '', profiles = ''] = RELATION.exec(text) ?? [];
  if (name === undefined) throw new MalformedStanza(`"${text}" is not a relation to a package`);
  if (version !== undefined && !isVersion(version)) {
    throw new MalformedStanza(`"${version}" in "${text}" is not a version`);
  }
  if (!isForArchitecture(architectures, architecture) || !isWithoutProfiles(profiles)) return undefined;
  return {
    name,
    ...(qualifier === undefined ? {} : { architecture: qualifier }),
    ...(sign === undefined ? {} : { operator: OPERATORS[sign], version }),
  };
}

/** `amd64 arm64` names some, `!hurd-any !i386` all but some; `any`, `linux-any` and `any-amd64` are patterns (Policy 11.1). */
function isForArchitecture(list: string, architecture: string): boolean {
  const words = list.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return true;
  const isNamed = words.some((word) => isMatch(word.replace(/^!/, ''), architecture));
  return words[0]?.startsWith('!') ? !isNamed : isNamed;
}

function isMatch(pattern: string, architecture: string): boolean {
  const full = (name: string): string => (name.includes('-') ? name : `linux-${name}`);
  if (pattern === 'any') return true;
  const [os, cpu] = full(pattern).split('-');
  const [ofOs, ofCpu] = full(architecture).split('-');
  return (os === 'any' || os === ofOs) && (cpu === 'any' || cpu === ofCpu);
}

/** `<!nocheck> <cross>` holds if one of the lists holds, and a list if none of its words demands a profile. */
function isWithoutProfiles(lists: string): boolean {
  const groups = [...lists.matchAll(/<([^<>]*)>/g)].map(([, words = '']) => words.split(/\s+/));
  return groups.length === 0 || groups.some((words) => words.every((word) => word === '' || word.startsWith('!')));
}
