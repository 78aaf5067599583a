// Versions of Python and of distributions (PEP 440). The library parses and compares; specifiers are ours, since the library's
// `satisfies` differs from packaging's in some of them (`<1.0.post1`, `==1.0.*` for 1).
import { compare, parse } from '@renovatebot/pep440';

export function isVersion(text: string): boolean {
  return parse(text) !== null;
}

/** Negative, zero or positive, as `sort` wants it. Both must be versions. */
export function compareVersions(a: string, b: string): number {
  return compare(a, b);
}

const CLAUSE = /^\s*(===|~=|==|!=|<=|>=|<|>)\s*([^\s,;]+)\s*$/;

/** Whether `text` is a list of specifiers (`>=3.9,<4`), each with a version it allows. The empty list is one. */
export function areSpecifiers(text: string): boolean {
  return clausesOf(text) !== undefined;
}

/**
 * Whether a version fits all specifiers of a list, pre-releases included. False when either is not well-formed.
 * @param specifiers `>=3.9,<4`; the empty list fits everything
 */
export function satisfies(version: string, specifiers: string): boolean {
  const clauses = clausesOf(specifiers);
  if (!clauses) return false;
  return clauses.every(({ operator, wanted }) => {
    if (operator === '===') return version.toLowerCase() === wanted.toLowerCase();
    return isVersion(version) && fits(version, operator, wanted);
  });
}

interface Clause {
  readonly operator: string;
  /** A version, with `.*` for a prefix. */
  readonly wanted: string;
}

function clausesOf(specifiers: string): Clause[] | undefined {
  const clauses: Clause[] = [];
  for (const part of specifiers.split(',')) {
    if (part.trim() === '') continue;
    const [, operator = '', wanted = ''] = CLAUSE.exec(part) ?? [];
    if (!isClause(operator, wanted)) return undefined;
    clauses.push({ operator, wanted });
  }
  return clauses;
}

/** What may stand behind which operator (PEP 440, Version specifiers). */
function isClause(operator: string, wanted: string): boolean {
  if (operator === '===') return true;
  const isEquality = operator === '==' || operator === '!=';
  if (wanted.endsWith('.*')) return isEquality && /^v?(\d+!)?\d+(\.\d+)*\.\*$/i.test(wanted);
  if (!isVersion(wanted) || (wanted.includes('+') && !isEquality)) return false;
  return operator !== '~=' || releaseOf(wanted).length > 1;
}

function fits(version: string, operator: string, wanted: string): boolean {
  const open = withoutLocal(version);
  switch (operator) {
    case '==':
      return wanted.endsWith('.*') ? hasPrefix(version, wanted) : equals(version, wanted);
    case '!=':
      return wanted.endsWith('.*') ? !hasPrefix(version, wanted) : !equals(version, wanted);
    case '<=':
      return compare(open, wanted) <= 0;
    case '>=':
      return compare(open, wanted) >= 0;
    case '~=':
      return compare(open, wanted) >= 0 && hasPrefix(version, compatiblePrefix(wanted));
    case '<':
      // `<1.0` excludes 1.0's own pre-releases.
      return compare(version, isPre(wanted) ? wanted : `${wanted}.dev0`) < 0;
    default:
      return compare(open, wanted) > 0 && !isPostReleaseOf(version, wanted);
  }
}

/** A local label (`+cu124`) counts only if the specifier has one too. */
function equals(version: string, wanted: string): boolean {
  return compare(wanted.includes('+') ? version : withoutLocal(version), wanted) === 0;
}

function withoutLocal(version: string): string {
  return version.split('+', 1)[0] ?? '';
}

/** `>1.0` excludes 1.0.post1, which is 1.0 for most purposes; `>1.0.post1` does not exclude 1.0.post2. */
function isPostReleaseOf(version: string, wanted: string): boolean {
  const parsed = parse(wanted);
  if (parsed?.post != null || parsed?.dev != null) return false;
  return compare(`${baseOf(version)}${parse(version)?.pre?.join('') ?? ''}`, wanted) === 0;
}

function isPre(version: string): boolean {
  const parsed = parse(version);
  return parsed?.pre != null || parsed?.dev != null;
}

function releaseOf(version: string): readonly number[] {
  return parse(version)?.release ?? [];
}

/** Epoch and release: `1!2.0` of 1!2.0a1.post3. */
function baseOf(version: string): string {
  return `${parse(version)?.epoch ?? 0}!${releaseOf(version).join('.')}`;
}

/** @param prefix `1.2.*` */
function hasPrefix(version: string, prefix: string): boolean {
  const bare = prefix.slice(0, -2);
  const release = releaseOf(version);
  const sameEpoch = (parse(version)?.epoch ?? 0) === (parse(bare)?.epoch ?? 0);
  return sameEpoch && releaseOf(bare).every((part, i) => part === (release[i] ?? 0));
}

/** `~=2.2.1` is `>=2.2.1, ==2.2.*`. */
function compatiblePrefix(wanted: string): string {
  return `${parse(wanted)?.epoch ?? 0}!${releaseOf(wanted).slice(0, -1).join('.')}.*`;
}
