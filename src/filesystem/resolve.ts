// Paths through symlinks, as the kernel walks them (path_resolution(7)), but in values: nothing of a base is followed on the host.
import { ImageSpecError } from '../core/error.ts';
import type { BaseFacts } from './facts.ts';

/** The kernel gives up after 40 links (ELOOP). */
const LINK_LIMIT = 40;

/** The target of the symlink at a canonical path, or undefined when there is something else or nothing. */
export type LinkReader = (path: string) => string | undefined;

/**
 * The canonical path, without leading slash. What does not exist is taken as it is; `..` above the root stays at the root. With `follow`,
 * a symlink at the end is followed too. Throws `ENTRY_INVALID` for loops.
 */
export function resolveWith(readLink: LinkReader, path: string, follow: boolean): string {
  const pending = path.split('/').reverse();
  const done: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const part = pending.pop();
    if (part === undefined || part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const here = [...done, part].join('/');
    const target = follow || pending.some((rest) => rest !== '') ? readLink(here) : undefined;
    if (target === undefined) {
      done.push(part);
      continue;
    }
    if (++links > LINK_LIMIT) {
      throw new ImageSpecError('ENTRY_INVALID', `/${path} leads through more than ${LINK_LIMIT} symbolic links`, {
        hint: 'The base image has a loop of links: choose another base image or another path.',
      });
    }
    if (target.startsWith('/')) done.length = 0;
    pending.push(...target.split('/').reverse());
  }
  return done.join('/');
}

export function resolvePath(facts: BaseFacts, path: string, { follow }: { readonly follow: boolean }): string {
  return resolveWith((at) => linkTarget(facts, at), path, follow);
}

function linkTarget(facts: BaseFacts, path: string): string | undefined {
  const entry = facts.entries.get(path);
  return entry?.type === 'symlink' ? entry.target : undefined;
}
