// Which packages come first: scripts use what is essential without a dependency on it (policy 3.5), so that it is there before all else.
import type { OpenedDeb } from '../deb/opened-deb.ts';
import type { PackageVersion, Relation } from '../deb/package.ts';
import { parsePackageVersion } from '../deb/relation.ts';

/**
 * The essential packages with all that they depend on, and the others; either in the order given, and none of them empty. Installers make
 * a Debian system in these two steps.
 */
export function partEssential<Wanted extends { readonly deb: OpenedDeb }>(
  all: readonly Wanted[],
  architecture: string,
): (readonly Wanted[])[] {
  const about = new Map(all.map((one) => [one, parsePackageVersion(one.deb.control, architecture)]));
  const first = new Set(all.filter((one) => about.get(one)!.essential));
  for (const one of first) {
    const { preDepends, depends } = about.get(one)!;
    for (const alternatives of [...preDepends, ...depends])
      for (const other of meeting(alternatives, about)) first.add(other);
  }
  return [all.filter((one) => first.has(one)), all.filter((one) => !first.has(one))].filter((part) => part.length > 0);
}

/** Those that bear one of the names; without any, one that provides it. */
function meeting<Wanted>(
  alternatives: readonly Relation[],
  about: ReadonlyMap<Wanted, PackageVersion>,
): readonly Wanted[] {
  const names = new Set(alternatives.map(({ name }) => name));
  const all = [...about];
  const named = all.filter(([, { name }]) => names.has(name));
  const provider = all.find(([, { provides }]) => provides.some(({ name }) => names.has(name)));
  return (named.length > 0 || !provider ? named : [provider]).map(([one]) => one);
}
