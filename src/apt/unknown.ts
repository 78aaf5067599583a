// What a user is told whose words name no package: what there is instead.
import leven from 'leven';
import { ImageSpecError } from '../core/error.ts';
import type { PackageIndex, PackageVersion } from '../deb/package.ts';
import type { Slot, Target, Universe } from './universe.ts';
import { isCandidate } from './universe.ts';
import type { Want } from './want.ts';

/** Names, versions and providers that a message lists. */
const MOST_NAMED = 8;
/** Edits that a name may be away. */
const FARTHEST = 2;

interface Known {
  readonly index: PackageIndex;
  readonly suites: readonly string[];
  readonly architecture: string;
}

export function noSuchPackage(want: Want, { index, suites, architecture }: Known): ImageSpecError {
  const names = [...index.names()];
  const near = nearest(want.name, names);
  const where = suites.length === 0 ? 'no suite' : suites.join(', ');
  return new ImageSpecError(
    'PACKAGE_UNKNOWN',
    `There is no package "${want.name}" among the ${names.length} for ${architecture} in ${where}`,
    {
      hint:
        near.length > 0
          ? `Did you mean ${near.join(', ')}?`
          : 'Check the name, and whether its suite and component are among the sources.',
      facts: { package: want.name, packages: names.length },
    },
  );
}

/** Names within a few edits, then names that start or end with the word. */
function nearest(word: string, names: readonly string[]): string[] {
  const close = names
    .filter((name) => Math.abs(name.length - word.length) <= FARTHEST)
    .map((name) => ({ name, distance: leven(word, name, { maxDistance: FARTHEST + 1 }) }))
    .filter(({ distance }) => distance <= Math.min(FARTHEST, Math.floor(word.length / 3)))
    .toSorted((a, b) => a.distance - b.distance)
    .map(({ name }) => name);
  const akin = word.length < 3 ? [] : names.filter((name) => name.startsWith(`${word}-`) || name.endsWith(`-${word}`));
  return [...new Set([...close, ...akin])].slice(0, MOST_NAMED);
}

export function noSuchVersion(want: Want, slot: Slot, { suites }: Known): ImageSpecError {
  const known = `${slot.name} has ${slot.versions.slice(0, MOST_NAMED).map(printVersion).join(', ')}`;
  const facts = { package: want.name, version: want.version, suite: want.suite };
  if (want.version !== undefined) {
    const hint = `Versions change with the package sources: ${known}.`;
    return new ImageSpecError('PACKAGE_UNKNOWN', `There is no version ${want.version} of ${slot.name}`, {
      hint,
      facts,
    });
  }
  if (want.suite === undefined) {
    const hint = `Name a version or a suite: ${known}.`;
    return new ImageSpecError('PACKAGE_UNKNOWN', `No version of ${slot.name} may be installed unless asked for`, {
      hint,
      facts,
    });
  }
  const isSuite = suites.includes(want.suite);
  const message = isSuite
    ? `There is no ${slot.name} in ${want.suite}`
    : `No package source has a suite "${want.suite}"`;
  const hint = isSuite ? `${known}.` : `Sources were read for ${suites.join(', ')}; ${known}.`;
  return new ImageSpecError('PACKAGE_UNKNOWN', message, { hint, facts });
}

function printVersion(version: PackageVersion): string {
  return isCandidate(version)
    ? `${version.version} (${version.suites[0] ?? 'unnamed'})`
    : `${version.version} (installed)`;
}

export function severalProviders(want: Want, targets: readonly Target[]): ImageSpecError {
  const providers = [...new Set(targets.map(({ slot }) => slot.name))];
  const shown = providers.slice(0, MOST_NAMED).join(', ');
  const more = providers.length > MOST_NAMED ? ` and ${providers.length - MOST_NAMED} more` : '';
  return new ImageSpecError('PACKAGE_UNKNOWN', `"${want.text}" is a virtual package, provided by ${shown}${more}`, {
    hint: `Name the one that is wanted, for example ${providers[0] ?? ''}.`,
    facts: { package: want.name },
  });
}

/** A `-` after a name means to remove the package, a `+` to install it; some names end so themselves. */
export function refuseSign(want: Want, { slotOf }: Universe): ImageSpecError | undefined {
  const name = want.name.replace(/[+-]$/, '');
  if (name === want.name || slotOf(name).versions.length === 0) return undefined;
  const removes = want.name.endsWith('-');
  return new ImageSpecError(
    'NOT_SUPPORTED',
    `"${want.text}" would ${removes ? 'remove' : 'install'} ${name}, but a sign after a name is not read`,
    {
      hint: removes ? 'Packages of a base are never removed: start from a base without it.' : `Write ${name}.`,
      facts: { package: want.name },
    },
  );
}

export function refuseArchitecture(want: Want, { architecture }: Known): ImageSpecError {
  const other = want.architecture ?? '';
  return new ImageSpecError('NOT_SUPPORTED', `"${want.text}" asks for ${other} in an image for ${architecture}`, {
    hint: `Write ${want.name}: packages are installed for ${architecture} alone. For ${other}, build for that platform.`,
    facts: { package: want.name, architecture: other },
  });
}

export function refuseDowngrade(want: Want, current: PackageVersion): ImageSpecError {
  const to = want.version ?? want.suite ?? '';
  return new ImageSpecError(
    'PACKAGES_CONFLICT',
    `${current.name} ${current.version} of the base would be downgraded to ${to}`,
    {
      hint: 'Packages of a base are never downgraded: leave the version out, or start from a base that has it.',
      facts: { package: current.name, installed: current.version, wanted: to },
    },
  );
}
