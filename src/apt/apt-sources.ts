// Where packages come from: the lists of sources of a base or of this host, as apt reads them (sources.list(5)).
import { readAptConfig } from './apt-config.ts';
import { readAptAuth } from './apt-auth.ts';
import type { AptFolder } from './apt-folder.ts';
import type { AptSource, SourceDefaults } from './apt-source.ts';
import { parseDeb822Sources } from './deb822-source.ts';
import { trustedKeyring } from './keyring.ts';
import { parseOneLineSources } from './one-line-source.ts';
import type { SourceEntry } from './source-entry.ts';
import { invalidSource } from './source-entry.ts';
import { sourcesOf } from './source-options.ts';

const LIST_LIMIT_BYTES = 1 << 20;

/**
 * All enabled `deb` entries of `/etc/apt/sources.list`, then of `/etc/apt/sources.list.d` in order of the names. Empty when there are none.
 * Throws `APT_SOURCES_INVALID` naming file and line.
 */
export function readAptSources(folder: AptFolder, where: 'base' | 'host'): readonly AptSource[] {
  const suffix = where === 'base' ? ' of the base image' : '';
  const entries = listsOf(folder).flatMap((path) => readList(folder, path, suffix));
  if (entries.length === 0) return [];
  const defaults = readDefaults(folder, suffix, where === 'host');
  return entries.flatMap((entry) => sourcesOf(entry, defaults));
}

export function readDefaults(folder: AptFolder, suffix: string, mayReadFiles: boolean): SourceDefaults {
  return {
    folder,
    config: readAptConfig(folder),
    headersFor: readAptAuth(folder),
    keyring: trustedKeyring(folder),
    mayReadFiles,
    suffix,
  };
}

function listsOf(folder: AptFolder): string[] {
  const parts = folder.list('/etc/apt/sources.list.d').filter((name) => /^[\w.-]+\.(?:list|sources)$/.test(name));
  return ['/etc/apt/sources.list', ...parts.sort().map((name) => `/etc/apt/sources.list.d/${name}`)];
}

function readList(folder: AptFolder, path: string, suffix: string): SourceEntry[] {
  const bytes = folder.read(path);
  if (!bytes) return [];
  const where = (line: number): string => `${path}:${line}${suffix}`;
  if (bytes.length > LIST_LIMIT_BYTES)
    throw invalidSource(where(1), `the file has more than ${LIST_LIMIT_BYTES} bytes`);
  const text = new TextDecoder().decode(bytes).replaceAll('\r\n', '\n');
  return path.endsWith('.sources') ? parseDeb822Sources(text, where) : parseOneLineSources(text, where);
}
