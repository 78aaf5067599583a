// Options of a source: those that are built, those that change nothing here, and those that are refused by name.
import { withUrlCredentials } from './apt-auth.ts';
import { parseAptBoolean } from './apt-config.ts';
import type { AptSource, SourceDefaults } from './apt-source.ts';
import type { Keyring } from './keyring.ts';
import { isArmoredKey, parseFingerprint } from './keyring.ts';
import type { SourceEntry } from './source-entry.ts';
import { invalidSource, itemsOf } from './source-entry.ts';

/** Known to sources.list(5) and without meaning for which packages there are: translations, patches between indices, words for people. */
const HARMLESS: ReadonlySet<string> = new Set(['lang', 'pdiffs', 'description']);
const BUILT: ReadonlySet<string> = new Set([
  'arch',
  'signed-by',
  'trusted',
  'check-valid-until',
  'check-date',
  'date-max-future',
  'valid-until-max',
  'valid-until-min',
  'by-hash',
  'snapshot',
]);
/** Harmless as long as they say no. */
const ONLY_NO: ReadonlySet<string> = new Set(['allow-insecure', 'allow-weak', 'allow-downgrade-to-insecure']);

/** apt.conf(5), Acquire::Max-FutureTime. */
const MAX_FUTURE_SECONDS = 10;

/** One source per URI and suite, URIs first, as apt orders them. Throws `APT_SOURCES_INVALID`. */
export function sourcesOf(entry: SourceEntry, defaults: SourceDefaults): AptSource[] {
  const { where, components, options } = entry;
  for (const [name, value] of options) checkOption(name, value, where);
  const { config } = defaults;
  const flag = (name: string, otherwise: boolean): boolean => booleanOf(options.get(name), name, where) ?? otherwise;
  const seconds = (name: string, setting: string): number | undefined =>
    secondsOf(options.get(name) ?? config.get(setting), name, where);
  const checkDate = flag('check-date', parseAptBoolean(config.get('acquire::check-date') ?? '') ?? true);
  const checkValidUntil = parseAptBoolean(config.get('acquire::check-valid-until') ?? '') ?? true;
  const shared = {
    components,
    architectures: options.has('arch') ? itemsOf(options.get('arch') ?? '') : undefined,
    keyring: keyringOf(options.get('signed-by'), where, defaults),
    trusted: flag('trusted', false),
    checkDate,
    checkValidUntil: checkDate && flag('check-valid-until', checkValidUntil),
    maxFutureSeconds: seconds('date-max-future', 'acquire::max-futuretime') ?? MAX_FUTURE_SECONDS,
    validUntilMaxSeconds: seconds('valid-until-max', 'acquire::max-validtime') || undefined,
    validUntilMinSeconds: seconds('valid-until-min', 'acquire::min-validtime') || undefined,
    byHash: byHashOf(options.get('by-hash') ?? config.get('acquire::by-hash'), where),
    defaultRelease: config.get('apt::default-release') || undefined,
    where,
  };
  return entry.uris.flatMap((text) => {
    const place = placeOf(text, snapshotOf(options.get('snapshot'), where), entry, defaults);
    return entry.suites.map((suite): AptSource => ({ ...shared, ...place, suite }));
  });
}

function checkOption(name: string, value: string, where: string): void {
  if (BUILT.has(name) || HARMLESS.has(name) || name.startsWith('x-')) return;
  if (ONLY_NO.has(name) && parseAptBoolean(value) === false) return;
  const hint = ONLY_NO.has(name)
    ? 'Sign the archive; or, if it is yours and near, take it on your own word with "trusted=yes".'
    : 'Leave the option out, if the source means the same without it.';
  throw invalidSource(where, `the option "${name}" is not supported`, hint);
}

function booleanOf(value: string | undefined, name: string, where: string): boolean | undefined {
  if (value === undefined) return undefined;
  const flag = parseAptBoolean(value);
  if (flag === undefined) throw invalidSource(where, `"${name}" is "${value.slice(0, 40)}" and not yes or no`);
  if (name === 'trusted' && !flag) throw invalidSource(where, 'it is marked as not to be trusted ("trusted=no")');
  return flag;
}

function secondsOf(value: string | undefined, name: string, where: string): number | undefined {
  if (value === undefined || value === '') return undefined;
  if (!/^\d{1,12}$/.test(value)) throw invalidSource(where, `"${name}" is not a number of seconds`);
  return Number(value);
}

function byHashOf(value: string | undefined, where: string): AptSource['byHash'] {
  if (value === undefined || value === '') return 'yes';
  if (value === 'force') return 'force';
  return (booleanOf(value, 'by-hash', where) ?? true) ? 'yes' : 'no';
}

/** `enable` waits for a timestamp on apt's command line, and is nothing without it. */
function snapshotOf(value: string | undefined, where: string): string | undefined {
  if (value === undefined || parseAptBoolean(value) !== undefined) return undefined;
  if (/^\d{8}T\d{6}Z$/.test(value)) return value;
  throw invalidSource(where, `the snapshot "${value.slice(0, 40)}" is not a time like 20260131T120000Z`);
}

type Place = Pick<AptSource, 'uri' | 'headersFor' | 'snapshot'>;

function placeOf(text: string, time: string | undefined, { where }: SourceEntry, defaults: SourceDefaults): Place {
  const hasPlace = text.includes('{snapshot}');
  if (hasPlace && time === undefined) {
    throw invalidSource(where, 'its URI has a place for a snapshot, but none is named', 'Add "snapshot" with a time.');
  }
  // copy: differs from file: in what apt keeps, and in nothing else.
  const filled = (time === undefined ? text : text.replaceAll('{snapshot}', time)).replace(/^copy:/i, 'file:');
  const url = URL.parse(filled.endsWith('/') ? filled : `${filled}/`);
  // Without the text: what cannot be parsed may still hold a password.
  if (!url) throw invalidSource(where, 'its URI is not an absolute URL');
  const isFile = url.protocol === 'file:';
  if (!isFile && url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalidSource(where, `URIs of the kind "${url.protocol}" are not supported`, 'Use http, https or file.');
  }
  if (isFile && !defaults.mayReadFiles) {
    throw invalidSource(where, 'its packages lie in the base image itself ("file:"), which is not supported');
  }
  if (url.search !== '' || url.hash !== '') throw invalidSource(where, 'its URI has a query or a fragment');
  const headersFor = withUrlCredentials(url, defaults.headersFor);
  const snapshot = time === undefined ? undefined : ({ time, place: hasPlace ? 'uri' : 'release' } as const);
  return { uri: url.href, headersFor, snapshot };
}

/** Paths of keyrings, fingerprints that choose from them, or a key itself (sources.list(5), Signed-By). */
function keyringOf(
  value: string | undefined,
  where: string,
  { folder, keyring, pathOf = (word) => word }: SourceDefaults,
): Keyring {
  if (value === undefined || value.trim() === '') return keyring;
  if (isArmoredKey(value)) {
    const text = value.replace(/^[ \t]+/gm, '').replace(/^\.$/gm, '');
    return { files: [{ name: `the key in ${where}`, bytes: Buffer.from(text) }], fingerprints: [] };
  }
  const words = itemsOf(value);
  const fingerprints = words.flatMap((word) => parseFingerprint(word) ?? []);
  const paths = words.filter((word) => parseFingerprint(word) === undefined);
  const files = paths.map((word) => {
    const name = pathOf(word);
    if (!name.startsWith('/')) throw invalidSource(where, `"${name}" in Signed-By is neither a path nor a fingerprint`);
    const bytes = folder.read(name);
    if (!bytes) throw invalidSource(where, `there is no keyring ${name} that could be read`, HINT_KEYRING);
    return { name, bytes };
  });
  return { files: files.length > 0 ? files : keyring.files, fingerprints };
}

const HINT_KEYRING =
  'Put the keyring there; keyrings of a base image are found below /etc/apt and in /usr/share/keyrings.';
