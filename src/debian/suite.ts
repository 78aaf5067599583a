// `pkg/suite`: the candidates of a package and of what it depends on are taken from that suite where the usual ones do not do.
import type { Alternatives, PackageVersion } from './package.ts';
import type { Selection } from './selection.ts';
import { dependenciesOf } from './selection.ts';
import type { Target } from './universe.ts';
import { isCandidate } from './universe.ts';
import type { Choice } from './wanted.ts';

/** As apt-get(8) has it, of dependencies too "if needed": versioned ones that no candidate meets. */
export function selectSuites(selection: Selection, choices: readonly Choice[]): void {
  const seen = new Set<PackageVersion>();
  for (const { version, suite } of choices) if (suite !== undefined) follow(selection, version, suite, seen);
}

function follow(selection: Selection, version: PackageVersion, suite: string, seen: Set<PackageVersion>): void {
  if (seen.has(version)) return;
  seen.add(version);
  for (const alternatives of dependenciesOf(version)) {
    if (selection.isMet(alternatives) || selection.isMetByCandidates(alternatives)) continue;
    const target = findInSuite(selection, alternatives, suite);
    if (!target || target.slot.isProtected) continue;
    selection.change(target.slot, { candidate: target.version });
    follow(selection, target.version, suite, seen);
  }
}

function findInSuite({ universe }: Selection, alternatives: Alternatives, suite: string): Target | undefined {
  return alternatives
    .flatMap((relation) => universe.targetsOf(relation).filter(({ slot }) => slot.name === relation.name))
    .find(({ version }) => isCandidate(version) && version.suites.includes(suite));
}
