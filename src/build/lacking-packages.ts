// Debian packages that nobody has named and a Python image needs: an interpreter, and the authorities to trust.
import type { Candidate, PackageIndex } from '../deb/package.ts';
import { compareVersions } from '../deb/version.ts';
import { fits } from '../python/find-interpreter.ts';
import { minorVersion } from '../python/interpreter.ts';
import type { DebianWants } from './inputs.ts';

type Named = Pick<Candidate, 'name' | 'version'>;

/**
 * Words for the resolver, beside what is wanted anyway; those that no source has are left out.
 * @param chosen what that comes to
 */
export function lackingPackages(
  chosen: readonly Named[],
  index: Pick<PackageIndex, 'versions'>,
  { packages, essential, python, certificates }: Omit<DebianWants, 'sources' | 'leavesUnpacked'>,
): string[] {
  const lacksPython = python && !chosen.some((one) => isPython(one, python.version));
  const words = lacksPython ? pythonPackages(index, python.version) : [];
  // For the bundle alone, nobody makes an image of Debian packages.
  const isDebian = packages.length > 0 || essential || words.length > 0;
  const lacksBundle = isDebian && certificates && !chosen.some(({ name }) => name === BUNDLE);
  return lacksBundle && index.versions(BUNDLE).length > 0 ? [...words, BUNDLE] : words;
}

const BUNDLE = 'ca-certificates';

/** Whoever names the minimal one has an interpreter and gets no other. */
function isPython({ name, version }: Named, wanted: string | undefined): boolean {
  return /^python3\.\d+(?:-minimal)?$/.test(name) && fits(upstreamVersion(version), wanted);
}

/**
 * `python3.11` depends on the whole standard library, and `python3` gives it its usual name, which only one version may have.
 * Neither venv nor pip is wanted: the environment is written by us.
 */
function pythonPackages(index: Pick<PackageIndex, 'versions'>, wanted: string | undefined): string[] {
  const usual = candidateOf(index.versions('python3'));
  if (wanted === undefined) return usual ? ['python3'] : [];
  const minor = minorVersion(wanted);
  const all = index.versions(`python${minor}`);
  const fitting = candidateOf(all.filter(({ version }) => fits(upstreamVersion(version), wanted)));
  if (!fitting) return [];
  const word = fitting === candidateOf(all) ? fitting.name : `${fitting.name}=${fitting.version}`;
  return usual && fits(upstreamVersion(usual.version), minor) ? [word, 'python3'] : [word];
}

/** What apt would take (apt_preferences(5)). */
function candidateOf(versions: readonly Candidate[]): Candidate | undefined {
  return [...versions].sort((a, b) => b.pin - a.pin || compareVersions(b.version, a.version))[0];
}

/** `3.13.0rc2` of `3.13.0~rc2-1`. */
function upstreamVersion(version: string): string {
  const found = /^(?:\d+:)?(\d+\.\d+\.\d+)(?:~((?:a|b|rc)\d+))?/.exec(version);
  return found ? `${found[1]}${found[2] ?? ''}` : version;
}
