// The field `apt_sources` of a spec: lines and entries as in apt's own lists, with variables in them and keys beside them.
import { isArmoredKey } from './keyring.ts';
import type { Keyring } from './keyring.ts';
import type { AptFolder } from './apt-folder.ts';
import type { AptSource, SourceDefaults } from './apt-source.ts';
import { readDefaults } from './apt-sources.ts';
import { parseOneLineSource } from './one-line-source.ts';
import type { SourceEntry } from './source-entry.ts';
import { checkEntry, invalidSource } from './source-entry.ts';
import { sourcesOf } from './source-options.ts';

/** `deb https://… bookworm main`, or the same in fields. */
export type SpecSource =
  | string
  | {
      readonly uris: readonly string[];
      readonly suites: readonly string[];
      /** None for exact paths. */
      readonly components?: readonly string[] | undefined;
      /** A file on this host, relative to the folder of the spec, or an armored key itself. */
      readonly signed_by?: string | undefined;
      /** `YYYYMMDDTHHMMSSZ` */
      readonly snapshot?: string | undefined;
      readonly trusted?: boolean | undefined;
    };

export interface SpecSourceOptions {
  /** Environment, for `${NAME}`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A file of the user, relative to the folder of the spec, or undefined where there is none. */
  readonly readFile: (path: string) => Uint8Array | undefined;
  /** apt's files of the base or of this host: credentials, and keyrings of entries that name none. */
  readonly folder: AptFolder;
}

const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Throws `APT_SOURCES_INVALID` naming the entry. */
export function readSpecSources(entries: readonly SpecSource[], options: SpecSourceOptions): readonly AptSource[] {
  const { env, readFile, folder } = options;
  // apt.conf of a base or host is not the user's word on sources of the spec.
  const ofFolder = readDefaults(folder, 'spec');
  const defaults: SourceDefaults = {
    ...ofFolder,
    config: new Map(),
    keyring: ofFolder.keyring.files.length > 0 ? ofFolder.keyring : debianKeyring(folder),
    folder: { list: () => [], read: readFile },
  };
  return entries.flatMap((entry, index) => {
    const where = `apt_sources[${index}]`;
    const parsed = typeof entry === 'string' ? parseLine(entry, where) : parseFields(entry, where);
    return sourcesOf(filled(parsed, env), defaults);
  });
}

function parseLine(line: string, where: string): SourceEntry {
  const entry = parseOneLineSource(line, where);
  if (!entry) throw invalidSource(where, 'it is not "deb [options] uri suite component…"');
  return entry;
}

function parseFields(entry: Exclude<SpecSource, string>, where: string): SourceEntry {
  const { uris, suites, components = [], signed_by: signedBy, snapshot, trusted } = entry;
  const options = new Map<string, string>();
  if (signedBy !== undefined) options.set('signed-by', signedBy);
  if (snapshot !== undefined) options.set('snapshot', snapshot);
  if (trusted) options.set('trusted', 'yes');
  return checkEntry({ where, uris, suites, components, options });
}

/** After parsing, so that what a variable holds is never taken for something else. */
function filled(entry: SourceEntry, env: SpecSourceOptions['env']): SourceEntry {
  const fill = (text: string): string =>
    text.replace(/\$\{(\w+)\}/g, (_match, name: string) => {
      const value = env[name];
      if (value === undefined) {
        const hint = `Set ${name} in the environment, or write its value there.`;
        throw invalidSource(entry.where, `the environment variable ${name} is not set`, hint);
      }
      return value;
    });
  const fillKey = (value: string): string => (isArmoredKey(value) ? value : fill(value));
  return {
    where: entry.where,
    uris: entry.uris.map(fill),
    suites: entry.suites.map(fill),
    components: entry.components.map(fill),
    options: new Map([...entry.options].map(([name, value]) => [name, fillKey(value)])),
  };
}

/** An empty one makes the check of the signature fail, with a word on what to do. */
function debianKeyring(folder: AptFolder): Keyring {
  const bytes = folder.read(DEBIAN_KEYRING);
  return { files: bytes ? [{ name: DEBIAN_KEYRING, bytes }] : [], fingerprints: [] };
}
