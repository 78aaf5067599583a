// The Release file of a suite: what it is, how old, and the digests of its indices; nothing of it is read before it is verified.
import type { Digest } from '../core/digest.ts';
import { digestOf } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import type { AptSource } from './apt-source.ts';
import { parseAptBoolean } from './apt-config.ts';
import type { Stanza } from '../deb/control.ts';
import { fieldOf, parseStanzas } from '../deb/control.ts';

export interface ListedFile {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

export interface Release {
  readonly suite: string | undefined;
  readonly codename: string | undefined;
  readonly version: string | undefined;
  /** Milliseconds since the epoch. */
  readonly date: number | undefined;
  readonly validUntil: number | undefined;
  /** Without the folder that some archives put before them (`updates/main`). */
  readonly components: readonly string[];
  /** Empty where the file does not say. */
  readonly architectures: readonly string[];
  readonly hasByHash: boolean;
  /** Packages of architecture `all` stand in `binary-all` alone, not in every architecture's index too. */
  readonly hasArchitectureAll: boolean;
  readonly notAutomatic: boolean;
  readonly butAutomaticUpgrades: boolean;
  /** Where snapshots of the archive are, with `@SNAPSHOTID@`. */
  readonly snapshots: string | undefined;
  /** By path relative to the Release file. */
  readonly files: ReadonlyMap<string, ListedFile>;
  /** Of the verified text. */
  readonly digest: Digest;
}

/** Names of a Release file and its source, for messages. */
export interface ReleasePlace {
  /** `The Release file of bookworm at http://…` */
  readonly what: string;
  readonly source: AptSource;
}

/** Throws `RELEASE_INVALID` for what is no Release file. */
export function parseRelease(payload: string, { what }: ReleasePlace): Release {
  const refuse = (why: string): never => {
    throw invalidRelease(what, why);
  };
  const [stanza, ...more] = parseStanzas(payload, (line) => refuse(`"${line.slice(0, 60)}" is not "Field: value"`));
  if (!stanza || more.length > 0) refuse('it is not one stanza of fields');
  const fields: Stanza = stanza ?? [];
  const words = (field: string): string[] => (fieldOf(fields, field) ?? '').split(/\s+/).filter((word) => word !== '');
  const date = (field: string): number | undefined => {
    const text = fieldOf(fields, field);
    return text === undefined ? undefined : (parseReleaseDate(text) ?? refuse(`its ${field} is not a date in UTC`));
  };
  const isYes = (field: string): boolean => parseAptBoolean(fieldOf(fields, field) ?? 'no') ?? false;
  const architectures = words('Architectures');
  return {
    suite: fieldOf(fields, 'Suite'),
    codename: fieldOf(fields, 'Codename'),
    version: fieldOf(fields, 'Version'),
    date: date('Date'),
    validUntil: date('Valid-Until'),
    components: words('Components').map((name) => name.slice(name.lastIndexOf('/') + 1)),
    architectures,
    hasByHash: isYes('Acquire-By-Hash'),
    hasArchitectureAll: architectures.includes('all') && !words('No-Support-for-Architecture-all').includes('Packages'),
    notAutomatic: isYes('NotAutomatic'),
    butAutomaticUpgrades: isYes('ButAutomaticUpgrades'),
    snapshots: fieldOf(fields, 'Snapshots'),
    files: parseFiles(fieldOf(fields, 'SHA256') ?? '', refuse),
    digest: digestOf(payload),
  };
}

/** Lines ` HEX SIZE PATH`. Other sums (MD5Sum, SHA1) are too weak to be looked at. */
function parseFiles(text: string, refuse: (why: string) => never): ReadonlyMap<string, ListedFile> {
  const files = new Map<string, ListedFile>();
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const [, hex = '', size, path] = /^\s*([0-9a-f]{64})\s+(\d{1,15})\s+(\S+)\s*$/i.exec(line) ?? [];
    if (path === undefined) return refuse(`"${line.trim().slice(0, 60)}" is not "sha256 size path"`);
    files.set(path.replace(/^\.\//, ''), { digest: `sha256:${hex.toLowerCase()}`, size: Number(size) });
  }
  if (files.size === 0) return refuse('it lists no sha256 sums');
  return files;
}

/** Dates as RFC 5322 has them, in UTC: anything else would depend on this host's time zone. */
export function parseReleaseDate(text: string): number | undefined {
  const time = /(?:UTC|GMT|Z|[+-]0000)$/.test(text.trim()) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Is it the suite that was asked for, and of a time that may be? Throws `RELEASE_INVALID`, `RELEASE_EXPIRED`.
 * @param now milliseconds
 */
export function checkRelease(release: Release, place: ReleasePlace, now: number): void {
  const { what, source } = place;
  checkSuite(release, place);
  if (!source.checkDate) return;
  const { date } = release;
  if (date !== undefined && date > now + source.maxFutureSeconds * 1000) {
    throw invalidRelease(what, `it is from the future (${utc(date)})`, 'Check the clock of this machine.');
  }
  const until = validUntil(release, source);
  if (source.snapshot || !source.checkValidUntil || until === undefined || until >= now) return;
  throw new ImageSpecError('RELEASE_EXPIRED', `${what} expired on ${utc(until)}`, {
    hint: `The mirror is no longer updated, or somebody keeps newer versions from you: use another mirror, or set Check-Valid-Until to no at ${source.where}.`,
    facts: { validUntil: utc(until) },
  });
}

/** What the file says, shortened or lengthened by what the source says, in the order of apt. */
function validUntil({ date, validUntil }: Release, source: AptSource): number | undefined {
  const { validUntilMaxSeconds: max, validUntilMinSeconds: min } = source;
  const longest = max === undefined || date === undefined ? undefined : date + max * 1000;
  const until = longest === undefined ? validUntil : Math.min(validUntil ?? longest, longest);
  if (until === undefined || min === undefined || date === undefined) return until;
  return Math.max(until, date + min * 1000);
}

function checkSuite({ suite, codename }: Release, { what, source }: ReleasePlace): void {
  const asked = source.suite;
  const names = [codename, suite].filter((name) => name !== undefined);
  if (asked.endsWith('/') || names.length === 0) return;
  // `bullseye/updates` calls itself bullseye, `../project/experimental` experimental.
  const accepted = [asked, asked.startsWith('../') ? asked.split('/').at(-1) : asked.split('/')[0]];
  if (names.some((name) => accepted.includes(name))) return;
  throw invalidRelease(
    what,
    `it is for ${names.join(' or ')}, and not for ${asked}`,
    `Correct the suite at ${source.where}.`,
  );
}

const utc = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');

export function invalidRelease(what: string, why: string, hint?: string): ImageSpecError {
  return new ImageSpecError('RELEASE_INVALID', `${what} cannot be used: ${why}`, {
    hint: hint ?? 'The mirror is broken or is none: use another one.',
  });
}
