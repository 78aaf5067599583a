// What a project asks for in its own file: `[project]` of pyproject.toml (PEP 621) with its extras, groups (PEP 735), or the header of a
// script (PEP 723).
import { basename } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { ImageSpecError, messageOf } from '../core/error.ts';
import type { Selection } from './markers.ts';
import { normalizeName } from './package-name.ts';
import { requireKnown } from './selection.ts';

/** Whether the file is one of these. */
export function isProjectFile(path: string): boolean {
  return isProjectToml(path) || path.endsWith('.py');
}

export function isProjectToml(path: string): boolean {
  return basename(path) === 'pyproject.toml';
}

const lists = z.record(z.string(), z.array(z.string())).default({});
const groupsSchema = z
  .record(z.string(), z.array(z.union([z.string(), z.object({ 'include-group': z.string() })])))
  .default({});
const uvSource = z.union([
  z.object({ path: z.string().optional(), workspace: z.boolean().optional() }),
  z.array(z.object({ path: z.string().optional(), workspace: z.boolean().optional() })),
]);
const uvTable = z
  .object({
    sources: z.record(z.string(), uvSource).default({}),
    workspace: z.object({ members: z.array(z.string()).default([]) }).optional(),
    'dev-dependencies': z.array(z.string()).optional(),
    index: z.array(z.object({ name: z.string().default(''), url: z.string() })).default([]),
  })
  .optional();
const projectSchema = z.object({
  project: z
    .object({
      name: z.string().optional(),
      dependencies: z.array(z.string()).default([]),
      'optional-dependencies': lists,
      dynamic: z.array(z.string()).default([]),
    })
    .optional(),
  'dependency-groups': groupsSchema,
  tool: z
    .object({
      poetry: z.unknown().optional(),
      uv: uvTable,
    })
    .optional(),
});
const scriptSchema = z.object({
  dependencies: z.array(z.string()).default([]),
  tool: z.object({ uv: uvTable }).optional(),
});

export type Project = z.output<typeof projectSchema>;

/** What uv reads of both. */
export interface UvSettings {
  readonly tool?: { readonly uv?: z.output<typeof uvTable> } | undefined;
}

/** Shape of a pyproject.toml. Throws `REQUIREMENTS_INVALID`. */
export function parseProject(text: string, path: string): Project {
  return checked(projectSchema, text, path);
}

/** A requirement as it is written, and where: `dependencies[2]`. */
export interface ProjectLine {
  readonly text: string;
  readonly place: string;
}

/** The header of a script, with its dependencies as they are written. Throws `REQUIREMENTS_INVALID`. */
export function parseScript(text: string, path: string): { readonly lines: readonly ProjectLine[] } & UvSettings {
  const { dependencies, tool } = checked(scriptSchema, headerOf(text, path), path);
  return { lines: placed(dependencies, 'dependencies'), tool };
}

/**
 * The dependencies of a project with those of the extras and groups that are asked for, as they are written. Throws `REQUIREMENTS_INVALID`,
 * also for extras and groups that it does not have, and `NOT_SUPPORTED` where only running something would tell them.
 * @param path names the file in messages
 */
export function dependenciesOf(parsed: Project, path: string, { extras, groups }: Selection): readonly ProjectLine[] {
  const { project, tool } = parsed;
  requireKnown('group', groups, Object.keys(parsed['dependency-groups']), path);
  const ofGroups = groups.flatMap((group) => linesOfGroup(parsed, group, path));
  // A project of groups alone needs no [project] (PEP 735).
  if (!project && groups.length > 0 && extras.length === 0) return ofGroups;
  if (!project && tool?.poetry !== undefined)
    throw new ImageSpecError('NOT_SUPPORTED', `${path} lists its dependencies for poetry alone`, {
      hint: 'Run "poetry lock" and name the poetry.lock, or list them under [project].',
    });
  if (!project) throw invalid(path, 'has no [project]', 'List the dependencies under [project], or name another file.');
  const told = extras.length > 0 ? ['dependencies', 'optional-dependencies'] : ['dependencies'];
  if (project.dynamic.some((name) => told.includes(name)))
    throw new ImageSpecError('NOT_SUPPORTED', `${path} has its build backend tell the dependencies`, {
      hint: 'Run "uv pip compile pyproject.toml -o requirements.txt" and name that file.',
    });
  requireKnown('extra', extras, Object.keys(project['optional-dependencies']), path);
  return [...placed(project.dependencies, 'dependencies'), ...linesOfExtras(project, extras), ...ofGroups];
}

/** An extra may ask for others of the same project: `all = ["demo[a,b]"]`. */
function linesOfExtras(
  { name, 'optional-dependencies': all }: NonNullable<Project['project']>,
  extras: readonly string[],
) {
  const own = new RegExp(`^${normalizeName(name ?? '')}\\s*\\[([^\\]]*)\\]`);
  const lines: ProjectLine[] = [];
  const seen = new Set<string>();
  const open = extras.map(normalizeName);
  for (let extra = open.pop(); extra !== undefined; extra = open.pop()) {
    if (seen.has(extra)) continue;
    seen.add(extra);
    for (const [key, requirements] of Object.entries(all)) {
      if (normalizeName(key) !== extra) continue;
      for (const line of placed(requirements, `optional-dependencies.${key}`)) {
        const others = name === undefined ? undefined : own.exec(line.text.replace(/^[\w.-]+/, normalizeName))?.[1];
        if (others === undefined) lines.push(line);
        else open.push(...others.split(',').map((other) => normalizeName(other.trim())));
      }
    }
  }
  return lines;
}

/**
 * With those of the groups that it includes. Throws `REQUIREMENTS_INVALID`.
 * @param trail the groups that include this one
 */
export function linesOfGroup(
  parsed: Project,
  asked: string,
  path: string,
  trail: readonly string[] = [],
): ProjectLine[] {
  const group = normalizeName(asked);
  if (trail.includes(group)) throw invalid(path, `has the group ${asked} include itself`, 'Remove one of the lines.');
  const found = Object.entries(parsed['dependency-groups']).find(([name]) => normalizeName(name) === group);
  if (!found)
    throw invalid(path, `has no group ${asked}, which the group ${trail.at(-1)} includes`, 'Correct the name.');
  return found[1].flatMap((item, index) =>
    typeof item === 'string'
      ? [{ text: item, place: `dependency-groups.${asked}[${index}]` }]
      : linesOfGroup(parsed, item['include-group'], path, [...trail, group]),
  );
}

function placed(requirements: readonly string[], list: string): ProjectLine[] {
  return requirements.map((text, index) => ({ text, place: `${list}[${index}]` }));
}

/** The block of a script that is for its installer, without the comment signs (PEP 723, "Specification"). */
function headerOf(text: string, path: string): string {
  const blocks = [...text.matchAll(/^# \/\/\/ ([A-Za-z0-9-]+)$\s((?:^#(?:| .*)$\s)+)^# \/\/\/$/gm)];
  const own = blocks.filter(([, type]) => type === 'script');
  if (own.length !== 1) {
    const hint = 'Write its dependencies between "# /// script" and "# ///" (PEP 723), or name another file.';
    throw invalid(path, `has ${own.length === 0 ? 'no header' : 'several headers'} with dependencies`, hint);
  }
  return own[0]![2]!.replace(/^# ?/gm, '');
}

function checked<T>(schema: z.ZodType<T>, text: string, path: string): T {
  try {
    const parsed = schema.safeParse(parse(text));
    if (parsed.success) return parsed.data;
    const { path: place, message } = parsed.error.issues[0]!;
    throw invalid(path, `is not as it should be: ${place.join('.')}: ${message}`, 'Correct it.');
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [reason = ''] = messageOf(cause).replace('Invalid TOML document: ', '').split('\n', 1);
    throw invalid(path, `is not TOML at line ${cause.line}: ${reason}`, 'Correct the line.', cause);
  }
}

function invalid(path: string, why: string, hint: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_INVALID', `${path} ${why}`, { hint, cause });
}
