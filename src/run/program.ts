// What is started: entry point and command put together as engines do, and the program found in the image before anything runs.
import { posix } from 'node:path';
import leven from 'leven';
import { ImageSpecError } from '../core/error.ts';
import type { BaseEntry, BaseFacts } from '../filesystem/facts.ts';
import { resolvePath } from '../filesystem/resolve.ts';
import type { RunConfig } from '../oci/config.ts';

export interface RunWords {
  /** undefined: the image's; '': none. */
  readonly entrypoint?: string | undefined;
  readonly command: readonly string[];
}

/** A command replaces Cmd; another entry point drops Cmd too, which was made for the image's own. Throws `USAGE` when nothing is left. */
export function programWords(
  config: RunConfig | undefined,
  { entrypoint, command }: RunWords,
  image: string,
): string[] {
  const first = entrypoint === undefined ? (config?.Entrypoint ?? []) : entrypoint === '' ? [] : [entrypoint];
  const rest = command.length > 0 || entrypoint !== undefined ? command : (config?.Cmd ?? []);
  const words = [...first, ...rest];
  if (words.length > 0) return words;
  const why =
    entrypoint === '' ? 'its entry point is cleared and no command given' : 'its config has neither Entrypoint nor Cmd';
  throw new ImageSpecError('USAGE', `There is nothing to run in ${image}: ${why}`, {
    hint: 'Name a program of the image: imagespec run IMAGE PROGRAM [ARGUMENT…].',
  });
}

export interface Searched {
  readonly facts: BaseFacts;
  /** The image's PATH. */
  readonly path: string;
  /** Working directory in the image. */
  readonly folder: string;
  /** Whether a path lies in a mount: there the kernel decides. */
  readonly isMounted: (path: string) => boolean;
}

/**
 * Looks for the program as execvp(3) does. What its interpreter or loader is, only the kernel knows.
 * Throws `PROGRAM_NOT_FOUND` when there is none, or none that can be executed.
 */
export function requireProgram(name: string, searched: Searched): void {
  const { path, folder } = searched;
  const folders = path.split(':').map((one) => posix.resolve(folder, one));
  const places = name.includes('/') ? [posix.resolve(folder, name)] : folders.map((one) => posix.join(one, name));
  const found = name === '' ? [] : places.map((place) => lookAt(searched, place));
  if (found.includes('executable')) return;
  const [index, what] = [...found.entries()].find(([, one]) => one !== 'nothing') ?? [];
  if (index !== undefined)
    throw notFound(
      name,
      `${places[index]} of the image ${SAID[what as keyof typeof SAID]}`,
      'Name a program that can be executed.',
    );
  if (name.startsWith('-'))
    throw notFound(
      name,
      `The image has no program "${name}"`,
      'Options of run stand before the image; what follows it is the program with its arguments.',
    );
  const near = nearest(searched, name, places);
  const where = name.includes('/') ? '' : `The folders of its PATH are ${path}.`;
  const hint = [near && `Did you mean ${near}?`, where].filter(Boolean).join(' ');
  throw notFound(
    name,
    `The image has no program "${name}"`,
    hint || 'Look what there is: imagespec run IMAGE ls, where the image has an ls.',
  );
}

const SAID = { directory: 'is a directory', plain: 'may not be executed by anybody' } as const;

function lookAt({ facts, isMounted }: Searched, place: string): 'nothing' | 'directory' | 'plain' | 'executable' {
  const entry = isMounted(place) ? undefined : entryAt(facts, place);
  if (isMounted(place)) return 'executable';
  if (entry === undefined || entry.type === 'symlink' || entry.type === 'other') return 'nothing';
  if (entry.type === 'directory') return 'directory';
  return (entry.mode & 0o111) === 0 ? 'plain' : 'executable';
}

/** Through links; a hard link is the file that it names. */
function entryAt(facts: BaseFacts, path: string): BaseEntry | undefined {
  return facts.entries.get(resolvePath(facts, path, { follow: true }));
}

/** Names further away are other words. */
const FARTHEST = 2;

function nearest({ facts }: Searched, name: string, places: readonly string[]): string | undefined {
  const folders = new Set(places.map((place) => resolvePath(facts, posix.dirname(place), { follow: true })));
  const word = posix.basename(name);
  let best: { name: string; distance: number } | undefined;
  for (const [path, { type }] of facts.entries) {
    if (type === 'directory' || !folders.has(path.slice(0, Math.max(0, path.lastIndexOf('/'))))) continue;
    const other = posix.basename(path);
    const distance = leven(word, other, { maxDistance: FARTHEST + 1 });
    const limit = Math.min(FARTHEST, word.length - 1);
    if (distance <= limit && (!best || distance < best.distance)) best = { name: other, distance };
  }
  return best && (name.includes('/') ? posix.join(posix.dirname(name), best.name) : best.name);
}

function notFound(name: string, message: string, hint: string): ImageSpecError {
  return new ImageSpecError('PROGRAM_NOT_FOUND', message, { hint, facts: { program: name } });
}
