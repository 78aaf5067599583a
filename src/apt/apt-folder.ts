// apt's configuration is a few small files; where they lie, on this host or in a base image, is decided by whoever passes the folder.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BaseFacts } from '../filesystem/facts.ts';
import { resolvePath } from '../filesystem/resolve.ts';

/** Files by absolute path, as the machine sees them that they belong to. */
export interface AptFolder {
  /** Names in the folder, in no order; none where there is no such folder. */
  readonly list: (path: string) => readonly string[];
  /** The content of a file, or undefined where there is none that may be read. */
  readonly read: (path: string) => Uint8Array | undefined;
}

/** Lists of sources have kilobytes; the largest keyrings, with all keys of a distribution's developers, some megabytes. */
const APT_FILE_LIMIT_BYTES = 16 << 20;

/** The files of this host below `root`. */
export function hostAptFolder(root = '/'): AptFolder {
  return {
    list: (path) => quietly(() => readdirSync(join(root, path))) ?? [],
    read: (path) =>
      quietly(() => {
        const file = join(root, path);
        const found = statSync(file);
        return found.isFile() && found.size <= APT_FILE_LIMIT_BYTES ? readFileSync(file) : undefined;
      }),
  };
}

/** What cannot be read counts as absent: whoever needs it says so, with the place that names it. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** The files of a base that were captured; links in their paths are followed within the base. */
export function baseAptFolder(facts: BaseFacts): AptFolder {
  const at = (path: string): string => resolvePath(facts, path, { follow: true });
  return {
    list: (path) => {
      const prefix = `${at(path)}/`;
      return [...facts.entries.keys()]
        .filter((entry) => entry.startsWith(prefix) && !entry.includes('/', prefix.length))
        .map((entry) => entry.slice(prefix.length));
    },
    read: (path) => facts.captured.get(at(path)),
  };
}
