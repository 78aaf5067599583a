// Versions as poetry lets people write them: PEP 440 with `^1.2`, `~1.2`, `1.2.*` and `||` (poetry, "Dependency specification").
import { satisfies } from './version.ts';

/** Whether a version is one that the constraint allows, pre-releases included; of what is not understood, none is. */
export function allowsVersion(constraint: string, version: string): boolean {
  return constraint.split(/\|\|?/).some((part) => satisfies(version, specifiersOf(part)));
}

function specifiersOf(part: string): string {
  const clauses = part
    .trim()
    // The white space behind an operator belongs to it, all other parts clauses as a comma does.
    .replace(/([<>=!~^])\s+/g, '$1')
    .split(/[\s,]+/);
  return clauses.map(specifierOf).join(',');
}

function specifierOf(clause: string): string {
  if (clause === '' || clause === '*') return '';
  const [, operator = '', version = ''] = /^(\^|~(?!=))(.*)$/.exec(clause) ?? [];
  if (operator !== '') return `>=${version},<${boundOf(version, operator === '^')}`;
  const bare = /^v?\d/.test(clause) ? `==${clause}` : clause;
  return bare.replace(/\.[x*](?:\.[x*])*$/, '.*').replace(/^=(?!=)/, '==');
}

/**
 * The first version that is not allowed any more: with a caret, where the leftmost part that is not 0 changes; with a tilde, where the second
 * one does, if there is one.
 */
function boundOf(version: string, isCaret: boolean): string {
  const release = (/^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? '').split('.').map(Number);
  const significant = release.findIndex((part) => part !== 0);
  const caret = significant < 0 ? release.length - 1 : significant;
  const at = isCaret ? caret : Math.min(1, release.length - 1);
  return [...release.slice(0, at), (release[at] ?? 0) + 1].join('.');
}
