// Extras and groups are asked for by name: a name that a project does not have is told with the nearest that it has.
import { closestMatch } from 'leven';
import { ImageSpecError } from '../core/error.ts';
import type { Selection } from './markers.ts';
import { normalizeName } from './package-name.ts';
import type { Wants } from './wants.ts';

/** A name this far from a valid one, in letters changed, is no slip of the pen. */
const SLIP = 3;

/**
 * Throws `REQUIREMENTS_INVALID` when one is not known.
 * @param path names the file in messages
 */
export function requireKnown(
  kind: 'extra' | 'group',
  asked: readonly string[],
  known: readonly string[],
  path: string,
): void {
  const names = known.map(normalizeName);
  const unknown = asked.find((name) => !names.includes(normalizeName(name)));
  if (unknown === undefined) return;
  const nearest = closestMatch(normalizeName(unknown), names, { maxDistance: SLIP });
  const list = known.length > 0 ? `It has ${known.join(', ')}.` : `It has no ${kind}s.`;
  throw new ImageSpecError('REQUIREMENTS_INVALID', `${path} has no ${kind} "${unknown}"`, {
    hint: nearest === undefined ? list : `Did you mean "${nearest}"?`,
    facts: { [kind]: unknown },
  });
}

export function selectionOf({ extras = [], groups = [] }: Wants): Selection {
  return { extras, groups };
}

export function noProject(path: string | undefined): ImageSpecError {
  const message = path === undefined ? 'there is no file under `requirements`' : `${path} has none`;
  return new ImageSpecError('NOT_SUPPORTED', `Extras or groups of a project were asked for, but ${message}`, {
    hint: 'Name a pyproject.toml, uv.lock, poetry.lock or pylock.toml under `requirements`; an extra of a package is written behind its name: uvicorn[standard].',
  });
}
