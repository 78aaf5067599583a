// From a lock for many targets to the wheels of one: markers, then tags, then hashes decide (PEP 751, "Installation").
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactText } from '../core/redact.ts';
import type { Interpreter } from './interpreter.ts';
import { describeInterpreter } from './interpreter.ts';
import type { Lock, LockedWheel } from './lock.ts';
import { lockOf } from './lock.ts';
import type { MarkerEnvironment } from './markers.ts';
import { markerEnvironment, markerHolds } from './markers.ts';
import { normalizeName } from './package-name.ts';
import type { Pylock, PylockFile, PylockPackage } from './pylock.ts';
import type { Requirements } from './requirements.ts';
import { bestWheel, compatibleTags, filenameOfUrl, parseWheelFilename } from './tags.ts';
import { satisfies } from './version.ts';

export interface ChooseOptions {
  readonly interpreter: Interpreter;
  /** Host path of the lock: relative paths in it start in its folder. */
  readonly file: string;
  /** Names the lock in messages. */
  readonly what: string;
  /** What the user asked for, and the hashes that bind it; undefined when the lock itself is what was asked for. */
  readonly requirements: Requirements | undefined;
}

/**
 * The wheels that the target installs. Throws `NO_WHEEL`, `NOT_SUPPORTED` for sources that would have to be built, `DIGEST_MISMATCH` when no
 * wheel has one of the user's hashes, and `UNRESOLVABLE` or `REQUIREMENTS_INVALID` when the lock is not for this target or contradicts itself.
 */
export function chooseWheels(pylock: Pylock, options: ChooseOptions): Lock {
  const environment = markerEnvironment(options.interpreter, pylock['default-groups']);
  checkTarget(pylock, environment, options);
  const tags = compatibleTags(options.interpreter);
  const chosen = new Map<string, LockedWheel>();
  for (const locked of pylock.packages) {
    if (locked.marker !== undefined && !markerHolds(locked.marker, environment)) continue;
    const wheel = wheelOf(locked, tags, options);
    if (chosen.has(wheel.name)) throw invalid(`${options.what} has two entries for ${wheel.name} that both apply`);
    chosen.set(wheel.name, wheel);
  }
  return lockOf([...chosen.values()]);
}

function checkTarget(pylock: Pylock, environment: MarkerEnvironment, { interpreter, what }: ChooseOptions): void {
  const python = pylock['requires-python'];
  const { environments } = pylock;
  const isForIt = environments.length === 0 || environments.some((marker) => markerHolds(marker, environment));
  if (isForIt && (python === undefined || satisfies(interpreter.version, python))) return;
  const wants = isForIt ? `wants Python ${python}` : `is for other environments (${environments.join(' | ')})`;
  throw new ImageSpecError('UNRESOLVABLE', `${what} ${wants}, the image has ${describeInterpreter(interpreter)}`, {
    hint: 'Choose a base image that fits, or lock again for this one.',
  });
}

function wheelOf(locked: PylockPackage, tags: readonly string[], options: ChooseOptions): LockedWheel {
  const { interpreter, what, requirements } = options;
  const label = `${locked.name} ${locked.version ?? ''}`.trim();
  const python = locked['requires-python'];
  if (python !== undefined && !satisfies(interpreter.version, python)) {
    throw noWheel(label, interpreter, `It wants Python ${python}.`);
  }
  if (locked.vcs !== undefined || locked.directory !== undefined) throw fromSource(label, what);
  const files = locked.archive ? [locked.archive] : locked.wheels;
  const candidates = files.map((file) => ({ file, filename: filenameIn(file), digest: sha256Of(file) }));
  const name = normalizeName(locked.name);
  const allowed = requirements?.hashes.get(name);
  if (requirements?.requireHashes && !allowed) throw unhashed(label);
  const best = bestWheel(
    candidates.filter(({ digest }) => !allowed || (digest && allowed.has(digest))),
    tags,
  );
  if (!best) {
    if (locked.archive && !parseWheelFilename(filenameIn(locked.archive))) throw fromSource(label, what);
    if (bestWheel(candidates, tags)) throw otherHash(label);
    throw noWheel(label, interpreter, others(candidates));
  }
  const { file, filename, digest } = best;
  const parsed = parseWheelFilename(filename);
  if (!digest) throw invalid(`${what} gives no sha256 for ${filename}`);
  if (normalizeName(parsed?.name ?? '') !== name) throw invalid(`${what} names ${filename} under ${locked.name}`);
  const url = urlOf(file, options);
  return {
    name,
    version: locked.version ?? parsed?.version ?? '',
    filename,
    url,
    digest,
    ...(file.size !== undefined && { size: file.size }),
    requested: requirements?.requested.has(name) ?? true,
    // A path of this host says nothing in the image, and the image must not change with it.
    ...(locked.archive && !url.startsWith('file:') && { directUrl: directUrlOf(url, digest) }),
  };
}

function filenameIn({ name, url, path }: PylockFile): string {
  return name ?? (url === undefined ? (path ?? '').split(/[/\\]/).at(-1)! : filenameOfUrl(url));
}

function sha256Of({ hashes }: PylockFile): Digest | undefined {
  const digest = `sha256:${hashes['sha256']?.toLowerCase()}`;
  return isDigest(digest) ? digest : undefined;
}

function urlOf({ url, path }: PylockFile, { file, what }: ChooseOptions): string {
  if (url === undefined && path !== undefined) return pathToFileURL(resolve(dirname(file), path)).href;
  const parsed = URL.parse(url ?? '');
  if (!parsed || !(/^https?:$/.test(parsed.protocol) || isLocal(parsed)))
    throw invalid(`${what} names a file by "${redactText(url ?? '')}", which is no URL of http, https or a local file`);
  parsed.hash = '';
  return parsed.href;
}

/** Whether it is a file of this host: one with another host, or an encoded slash, is none. */
function isLocal(url: URL): boolean {
  try {
    return url.protocol === 'file:' && isAbsolute(fileURLToPath(url));
  } catch {
    return false;
  }
}

/** The record of a wheel that came by its own URL, without credentials (PEP 610). */
function directUrlOf(url: string, digest: Digest): LockedWheel['directUrl'] {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return { url: bare.href, archive_info: { hashes: { sha256: digest.slice('sha256:'.length) } } };
}

/** Tags that a message may list: some packages have a hundred wheels. */
const OTHERS_LIMIT = 5;

function others(candidates: readonly { readonly filename: string }[]): string {
  const tags = candidates.flatMap(({ filename }) =>
    filename
      .split('-')
      .slice(-3)
      .join('-')
      .replace(/\.whl$/, ''),
  );
  if (tags.length === 0) return 'It comes as source only.';
  const more = tags.length > OTHERS_LIMIT ? ', …' : '';
  return `It has wheels for ${tags.slice(0, OTHERS_LIMIT).join(', ')}${more}.`;
}

function noWheel(label: string, interpreter: Interpreter, found: string): ImageSpecError {
  return new ImageSpecError('NO_WHEEL', `${label} has no wheel for ${describeInterpreter(interpreter)}`, {
    hint: `${found} Choose another version or base image, or build a wheel and publish that to your index.`,
  });
}

function fromSource(label: string, what: string): ImageSpecError {
  return new ImageSpecError('NOT_SUPPORTED', `${what} has ${label} as source, which would have to be built`, {
    hint: 'Build a wheel of it, publish that to your index, and lock again.',
  });
}

function otherHash(label: string): ImageSpecError {
  return new ImageSpecError(
    'DIGEST_MISMATCH',
    `No fitting wheel of ${label} has one of the hashes in the requirements`,
    {
      hint: 'Make the hashes anew if the version or the platform is new; otherwise the index offers other bytes than were reviewed.',
    },
  );
}

function unhashed(label: string): ImageSpecError {
  return new ImageSpecError(
    'REQUIREMENTS_INVALID',
    `${label} is needed, but has no hash, and --require-hashes was given`,
    {
      hint: 'Make the list with all dependencies and hashes, for example with "uv pip compile --generate-hashes".',
    },
  );
}

function invalid(message: string): ImageSpecError {
  return new ImageSpecError('REQUIREMENTS_INVALID', message, { hint: 'Make the lock anew.' });
}
