// Where packages come from by the spec's own word: lines of sources.list(5), or mappings with the fields of a `.sources` file.
import { readFileSync } from 'node:fs';
import { ImageSpecError, messageOf } from '../core/error.ts';
import type { AptFolder } from './apt-folder.ts';
import type { AptSource, SourceDefaults } from './apt-source.ts';
import { readDefaults } from './apt-sources.ts';
import { parseOneLineSources } from './one-line-source.ts';
import type { SourceEntry } from './source-entry.ts';
import { checkEntry, invalidSource } from './source-entry.ts';
import { sourcesOf } from './source-options.ts';

/** A source as a mapping. */
export interface SpecSource {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components?: readonly string[] | undefined;
  /** Path of a keyring on this host, or an armored key. */
  readonly signed_by?: string | undefined;
  /** `20260115T000000Z` */
  readonly snapshot?: string | undefined;
  readonly trusted?: boolean | undefined;
}

export interface SpecSourceOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Settings, and keyrings for sources that name none: of the base, or of this host. */
  readonly fallback: AptFolder;
  /** Absolute path of a file that the spec names. */
  readonly pathOf: (file: string) => string;
}

/** What Debian's own images and systems have; apt looks there only where a source says so. */
const ARCHIVE_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Throws `APT_SOURCES_INVALID`, naming the item of `apt_sources`. */
export function readSpecSources(entries: readonly (string | SpecSource)[], options: SpecSourceOptions): AptSource[] {
  return entries.flatMap((entry, i) => {
    const where = `apt_sources[${i}]`;
    const fill = (text: string): string => withVariables(text, options.env, where);
    const found = typeof entry === 'string' ? lineOf(fill(entry), where) : entryOf(entry, fill, where);
    return sourcesOf(found, defaultsFor(options));
  });
}

/** A comment or `deb-src`, which apt's own lists may hold, would be an item that does nothing. */
function lineOf(line: string, where: string): SourceEntry {
  const [entry, ...more] = parseOneLineSources(line, () => where);
  if (!entry || more.length > 0) throw invalidSource(where, 'it is not one line "deb [options] uri suite component…"');
  return entry;
}

function entryOf(source: SpecSource, fill: (text: string) => string, where: string): SourceEntry {
  const { uris, suites, components = [], signed_by: key, snapshot, trusted } = source;
  const options = Object.entries({ 'signed-by': key, snapshot, trusted: trusted === true ? 'yes' : undefined });
  return checkEntry({
    where,
    uris: uris.map(fill),
    suites: suites.map(fill),
    components: components.map(fill),
    options: new Map(options.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))),
  });
}

/** `${NAME}`; nothing else of a shell. */
function withVariables(text: string, env: SpecSourceOptions['env'], where: string): string {
  return text.replace(/\$\{(\w+)\}/g, (_match, name: string) => {
    const value = env[name];
    if (value !== undefined) return value;
    throw invalidSource(where, `the environment variable ${name} is not set`, `Set ${name}, or write its value.`);
  });
}

/** Files that the spec names lie beside it; without any, the trusted keys of the fallback hold, or else Debian's own. */
function defaultsFor({ fallback, pathOf }: SpecSourceOptions): SourceDefaults {
  const own = readDefaults(fallback, '', true);
  const archive = own.keyring.files.length === 0 ? fallback.read(ARCHIVE_KEYRING) : undefined;
  const keyring = archive ? { files: [{ name: ARCHIVE_KEYRING, bytes: archive }], fingerprints: [] } : own.keyring;
  const folder: AptFolder = { list: fallback.list, read: readKeyring };
  // How strict to be with its own sources is not for the machine's or the base's apt.conf to say.
  return { ...own, config: new Map(), keyring, folder, pathOf };
}

function readKeyring(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ImageSpecError(
      'APT_SOURCES_INVALID',
      `The keyring ${file} of the spec cannot be read: ${messageOf(cause)}`,
      {
        hint: 'Paths under `signed_by` start at the folder of the spec.',
        cause,
        facts: { file },
      },
    );
  }
}
