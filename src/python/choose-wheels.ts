// From a lock for many targets to the wheels of one: markers, then tags, then hashes decide (PEP 751, "Installation"). Where no wheel fits,
// it is the source that a wheel can be built of.
import { ImageSpecError } from '../core/error.ts';
import { commitOf, folderOf, sdistOf, unhashed } from './choose-source.ts';
import type { Interpreter } from './interpreter.ts';
import { describeInterpreter } from './interpreter.ts';
import type { Lock, LockedSource, LockedWheel } from './lock.ts';
import { lockOf } from './lock.ts';
import type { Candidate, ChooseOptions } from './locked-file.ts';
import { candidateOf, directUrlOf, filenameIn, invalid, isRequested, unknownDigest, urlOf } from './locked-file.ts';
import type { MarkerEnvironment } from './markers.ts';
import { markerEnvironment, markerHolds } from './markers.ts';
import { normalizeName } from './package-name.ts';
import type { Pylock, PylockPackage } from './pylock.ts';
import { requireKnown } from './selection.ts';
import { bestWheel, compatibleTags, parseWheelFilename } from './tags.ts';
import { satisfies } from './version.ts';

/**
 * The wheels that the target installs, and the sources. Throws `NO_WHEEL`, `NOT_SUPPORTED` for sources of other kinds, `DIGEST_MISMATCH` when
 * nothing has one of the user's hashes, and `UNRESOLVABLE` or `REQUIREMENTS_INVALID` when the lock is not for this target or contradicts itself.
 */
export function chooseWheels(pylock: Pylock, options: ChooseOptions): Lock {
  const environment = environmentOf(pylock, options);
  checkTarget(pylock, environment, options);
  const tags = compatibleTags(options.interpreter);
  const chosen = new Map<string, LockedWheel | LockedSource>();
  for (const locked of pylock.packages) {
    if (locked.marker !== undefined && !markerHolds(locked.marker, environment)) continue;
    const one = choose(locked, tags, options);
    if (chosen.has(one.name)) throw invalid(`${options.what} has two entries for ${one.name} that both apply`);
    chosen.set(one.name, one);
  }
  const all = [...chosen.values()];
  return lockOf(
    all.flatMap((one) => ('from' in one ? [] : [one])),
    all.flatMap((one) => ('from' in one ? [one] : [])),
  );
}

/** What is asked for beside the groups that the lock installs without a word (PEP 751, "Installation"). */
function environmentOf(pylock: Pylock, { interpreter, file, selection }: ChooseOptions): MarkerEnvironment {
  const { extras = [], groups = [] } = selection ?? {};
  requireKnown('extra', extras, pylock.extras, file);
  requireKnown('group', groups, pylock['dependency-groups'], file);
  return markerEnvironment(interpreter, { extras, groups: [...pylock['default-groups'], ...groups] });
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

function choose(locked: PylockPackage, tags: readonly string[], options: ChooseOptions): LockedWheel | LockedSource {
  const { interpreter, requirements } = options;
  const label = `${locked.name} ${locked.version ?? ''}`.trim();
  const python = locked['requires-python'];
  if (python !== undefined && !satisfies(interpreter.version, python)) {
    throw noWheel(label, interpreter, `It wants Python ${python}.`);
  }
  if (locked.directory) return folderOf(locked, locked.directory, options);
  if (locked.vcs) return commitOf(locked, locked.vcs, label, options);
  const name = normalizeName(locked.name);
  const allowed = requirements?.hashes.get(name);
  if (requirements?.requireHashes && !allowed) throw unhashed(label);
  const isAllowed = ({ digest }: Candidate): boolean => !allowed || (digest !== undefined && allowed.has(digest));
  const files = (locked.archive ? [locked.archive] : locked.wheels).map(candidateOf);
  const best = bestWheel(files.filter(isAllowed), tags);
  if (best) return wheelOf(locked, best, options);
  const archive = locked.archive && !parseWheelFilename(filenameIn(locked.archive)) ? locked.archive : locked.sdist;
  const source = archive && candidateOf(archive);
  if (source && isAllowed(source)) return sdistOf(locked, source, options);
  if (bestWheel(files, tags) ?? source) throw otherHash(label);
  throw noWheel(label, interpreter, others(files));
}

function wheelOf(locked: PylockPackage, { file, filename, digest }: Candidate, options: ChooseOptions): LockedWheel {
  const { what } = options;
  const name = normalizeName(locked.name);
  const parsed = parseWheelFilename(filename);
  if (!digest) throw unknownDigest(what, filename);
  if (normalizeName(parsed?.name ?? '') !== name) throw invalid(`${what} names ${filename} under ${locked.name}`);
  const url = urlOf(file, options);
  return {
    name,
    version: locked.version ?? parsed?.version ?? '',
    filename,
    url,
    digest,
    ...(file.size !== undefined && { size: file.size }),
    requested: isRequested(name, locked, options),
    ...directUrlOf(locked, url, digest),
  };
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
  if (tags.length === 0) return 'It has no files at all.';
  const more = tags.length > OTHERS_LIMIT ? ', …' : '';
  return `It has wheels for ${tags.slice(0, OTHERS_LIMIT).join(', ')}${more}.`;
}

function noWheel(label: string, interpreter: Interpreter, found: string): ImageSpecError {
  return new ImageSpecError('NO_WHEEL', `${label} has no wheel for ${describeInterpreter(interpreter)}`, {
    hint: `${found} Choose another version or base image, or build a wheel and publish that to your index.`,
  });
}

function otherHash(label: string): ImageSpecError {
  return new ImageSpecError(
    'DIGEST_MISMATCH',
    `No fitting file of ${label} has one of the hashes in the requirements`,
    {
      hint: 'Make the hashes anew if the version or the platform is new; otherwise the index offers other bytes than were reviewed.',
    },
  );
}
