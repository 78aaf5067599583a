// What a project asks for in its own file: `[project]` of pyproject.toml (PEP 621), or the header of a script (PEP 723).
import { basename } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { ImageSpecError, messageOf } from '../core/error.ts';

/** Whether the file is one of these. */
export function isProjectFile(path: string): boolean {
  return basename(path) === 'pyproject.toml' || path.endsWith('.py');
}

const projectSchema = z.object({
  project: z
    .object({ dependencies: z.array(z.string()).default([]), dynamic: z.array(z.string()).default([]) })
    .optional(),
  tool: z.object({ poetry: z.unknown().optional() }).optional(),
});
const scriptSchema = z.object({ dependencies: z.array(z.string()).default([]) });

/**
 * The dependencies, as they are written; not those of extras and groups. Throws `REQUIREMENTS_INVALID`, and `NOT_SUPPORTED` where only
 * running something would tell them.
 * @param path names the file in messages
 */
export function dependenciesIn(text: string, path: string): readonly string[] {
  if (path.endsWith('.py')) return checked(scriptSchema, headerOf(text, path), path).dependencies;
  const { project, tool } = checked(projectSchema, text, path);
  if (!project && tool?.poetry !== undefined)
    throw new ImageSpecError('NOT_SUPPORTED', `${path} lists its dependencies for poetry alone`, {
      hint: 'Run "poetry export -o requirements.txt" and name that file, or list them under [project].',
    });
  if (!project) throw invalid(path, 'has no [project]', 'List the dependencies under [project], or name another file.');
  if (project.dynamic.includes('dependencies'))
    throw new ImageSpecError('NOT_SUPPORTED', `${path} has its build backend tell the dependencies`, {
      hint: 'Run "uv pip compile pyproject.toml -o requirements.txt" and name that file.',
    });
  return project.dependencies;
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
