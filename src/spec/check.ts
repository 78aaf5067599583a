// What a user gave, held against the schema once: a clean value comes out, or one error with everything that is wrong.
import { closestMatch } from 'leven';
import { ImageSpecError } from '../core/error.ts';
import type { FieldName } from './field-names.ts';
import { camelCase, FIELD_NAMES, isFieldName } from './field-names.ts';
import type { Finding } from './finding.ts';
import { kindOf, NOT_YET, parseFinding } from './finding.ts';
import type { MarkedSpec } from './mark.ts';
import { isImageSpec } from './mark.ts';
import type { SpecOutput } from './schema.ts';
import { specSchema } from './schema.ts';
import { sourceFindings } from './source-fields.ts';

export interface Position {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export type Path = readonly PropertyKey[];

/** Where a value came from, for messages. */
export interface Origin {
  /** Stands in front of each message: the path of the file, or what the program called. */
  readonly name: string;
  /** How fields are spelled there. */
  readonly naming: 'snake_case' | 'camelCase';
  readonly locate?: ((path: Path) => Position | undefined) | undefined;
}

/** A checked spec: fields that were not given, or were null, are absent. */
export type SpecFields = {
  readonly [Name in Exclude<FieldName, 'base_image'>]?: NonNullable<SpecOutput[Name]>;
} & {
  /** A spec of its own stands for the image that is built of it. */
  readonly base_image?: string | SpecFields | MarkedSpec;
};

export interface Issue extends Finding {
  /** As the user spells it. */
  readonly path: Path;
}

/**
 * Throws `NOT_SUPPORTED` when all that is wrong is what this release cannot do yet, else `SPEC_INVALID`. Both list every issue, each with its
 * place, what is wrong, and what to do.
 */
export function checkSpec(value: unknown, origin: Origin): SpecFields {
  const issues: Issue[] = [];
  const fields = collectIssues(value, origin, [], issues);
  if (issues.length > 0) throw specError(issues, origin);
  return fields;
}

/** Specs in specs may go this deep: each is an image of its own, and layers have an end. */
const DEPTH_MAX = 16;

/**
 * The same for one of several specs: what is wrong goes to `issues`, and the fields mean nothing then.
 * @param at where the spec stands in the file
 * @param isWhole whether no other fields come to it
 */
export function collectIssues(value: unknown, origin: Origin, at: Path, issues: Issue[], isWhole = true): SpecFields {
  // Checked when it was made.
  const given = isImageSpec(value) ? value.toJSON() : value;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    if (at.length === 0) throw notMapping(given, origin);
    issues.push({ path: at, what: `must be a mapping of parameters, not ${kindOf(given)}`, todo: ONE_PER_LINE });
    return {};
  }
  const own: Origin = isImageSpec(value) ? { ...origin, naming: 'snake_case' } : origin;
  const { known, unknown } = sortKeys(given, own);
  issues.push(...unknown.map((key) => ({ path: [...at, key], ...unknownKey(key) })));
  const { base_image: base, ...rest } = known;
  const isNested = typeof base === 'object' && base !== null && !Array.isArray(base);
  const result = specSchema.safeParse(isNested ? rest : known);
  for (const { path, message } of result.error?.issues ?? [])
    issues.push({ path: [...at, ...outside(path, own)], ...parseFinding(message) });
  const told = new Set(issues.map(({ path }) => path[at.length]));
  for (const { path, ...finding } of isWhole ? sourceFindings(known) : [])
    if (!told.has(spell(path[0], own))) issues.push({ ...finding, path: [...at, ...outside(path, own)] });
  const fields: [name: string, value: unknown][] = Object.entries(result.data ?? {}).filter(
    ([, field]) => field !== undefined && field !== null,
  );
  if (isNested) {
    const inside = [...at, spell('base_image', own)];
    if (inside.length > DEPTH_MAX) issues.push({ path: inside, ...TOO_DEEP });
    else {
      const checked = collectIssues(base, own, inside, issues);
      fields.push(['base_image', isImageSpec(base) ? base : checked]);
    }
  }
  return Object.fromEntries(fields.map(([name, field]) => [name, Array.isArray(field) ? Object.freeze(field) : field]));
}

const ONE_PER_LINE = 'Write one parameter per line, for example `name: my-service`.';
const TOO_DEEP: Finding = {
  what: `stands on more than ${DEPTH_MAX} specs`,
  todo: 'Build some of them on their own, and write their names under `base_image`.',
};

function notMapping(value: unknown, { name }: Origin): ImageSpecError {
  if (value === null || value === undefined) {
    return new ImageSpecError('SPEC_INVALID', `${name} is empty`, {
      hint: 'Write at least a name and packages; `imagespec init` writes a spec with every parameter explained.',
    });
  }
  return new ImageSpecError('SPEC_INVALID', `${name} must be a mapping of parameters, not ${kindOf(value)}`, {
    hint: ONE_PER_LINE,
  });
}

function sortKeys(value: object, origin: Origin): { known: Partial<Record<FieldName, unknown>>; unknown: string[] } {
  const names = new Map<string, FieldName>(FIELD_NAMES.map((name) => [spell(name, origin), name]));
  const known: Partial<Record<FieldName, unknown>> = {};
  const unknown: string[] = [];
  for (const [key, field] of Object.entries(value)) {
    const name = names.get(key);
    if (name) known[name] = name === 'env' ? inOrder(field) : field;
    else if (field !== undefined) unknown.push(key);
  }
  return { known, unknown };
}

/** Variables as a Map, which is what the schema takes. */
function inOrder(env: unknown): unknown {
  const isMapping = typeof env === 'object' && env !== null && !Array.isArray(env) && !(env instanceof Map);
  return isMapping ? new Map(Object.entries(env)) : env;
}

/** A name this far from a valid one, in letters changed, is no slip of the pen. */
const SLIP = 3;

function unknownKey(key: string): Finding {
  const spelled = key
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[-. ]/g, '_')
    .toLowerCase();
  const nearest = closestMatch(spelled, FIELD_NAMES, { maxDistance: Math.min(SLIP, Math.ceil(key.length / 3)) });
  const todo = nearest ? `Did you mean \`${nearest}\`?` : '`imagespec schema` lists all parameters.';
  return { what: 'is not a parameter of a spec', todo };
}

function spell(name: FieldName, { naming }: Origin): string {
  return naming === 'camelCase' ? camelCase(name) : name;
}

/** Findings name fields as files do; programs read their own spelling. */
function spellAll(text: string, origin: Origin): string {
  return text.replace(/`([a-z_]+)`/g, (quoted, word: string) =>
    isFieldName(word) ? `\`${spell(word, origin)}\`` : quoted,
  );
}

/** One error of all issues, each at its place. */
export function specError(issues: readonly Issue[], origin: Origin): ImageSpecError {
  const placed = issues.map((issue) => ({ issue, position: origin.locate?.(issue.path) }));
  placed.sort((a, b) => (a.position?.line ?? 0) - (b.position?.line ?? 0));
  const sentences = placed.map(({ issue: { path, what }, position }) => {
    const at = position ? `:${position.line}:${position.column}` : '';
    return `${origin.name}${at}: ${printPath(path)} ${spellAll(what, origin)}`;
  });
  const todos = placed.map(({ issue }) => spellAll(issue.todo, origin));
  const code = issues.every(({ what }) => what.endsWith(NOT_YET)) ? 'NOT_SUPPORTED' : 'SPEC_INVALID';
  const single = issues.length === 1;
  return new ImageSpecError(code, single ? sentences[0]! : `${origin.name} has ${issues.length} issues`, {
    hint: single ? todos[0] : 'Correct them, or start again from what `imagespec init` writes.',
    issues: sentences.map((sentence, i) => `${sentence}. ${todos[i]}`),
    facts: { origin: origin.name, path: placed.map(({ issue }) => issue.path.join('.')).join(',') },
  });
}

/** A path of the schema as the user spells it. */
function outside([first, ...rest]: Path, origin: Origin): Path {
  return [spell(first as FieldName, origin), ...rest];
}

/** `packages[0]`, in quotes. */
function printPath([first, ...rest]: Path): string {
  const inner = rest.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return `\`${String(first)}${inner}\``;
}
