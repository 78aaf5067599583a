// Versions of Debian packages: their order is the one of deb-version(7), as dpkg computes it.
import type { Operator } from './package.ts';

/** dpkg keeps the epoch in a C int. */
const LARGEST_EPOCH = 2_147_483_647;

/** Only a version with an epoch has further colons. */
const SHAPE = /^(?:(\d+):\d[A-Za-z0-9.+~:-]*|\d[A-Za-z0-9.+~-]*)$/;
/** What stands after the last hyphen, if there is one, is neither empty nor has a colon. */
const REVISION = /(?:^[^-]*|-[^-:]+)$/;

/** Whether dpkg accepts this as a version: `[epoch:]upstream[-revision]`, the upstream part starting with a digit (deb-version(7)). */
export function isVersion(text: string): boolean {
  const shape = SHAPE.exec(text);
  return shape !== null && REVISION.test(text) && Number(shape[1] ?? 0) <= LARGEST_EPOCH;
}

/** Negative, zero or positive, as `sort` wants it; both are versions. `1.0`, `0:1.0` and `1.0-0` are equal. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const left = splitVersion(a);
  const right = splitVersion(b);
  return (
    left.epoch - right.epoch ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

/** Whether `version` stands in this relation to `wanted` (deb-control(5), Depends). */
export function satisfies(version: string, operator: Operator, wanted: string): boolean {
  const order = compareVersions(version, wanted);
  switch (operator) {
    case '<<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '=':
      return order === 0;
    case '>=':
      return order >= 0;
    case '>>':
      return order > 0;
  }
}

interface Parts {
  readonly epoch: number;
  readonly upstream: string;
  /** Empty where there is none, which is the same as `0`. */
  readonly revision: string;
}

/** The epoch ends at the first colon, the revision starts after the last hyphen. */
function splitVersion(version: string): Parts {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  return {
    epoch: colon === -1 ? 0 : Number(version.slice(0, colon)),
    upstream: hyphen === -1 ? rest : rest.slice(0, hyphen),
    revision: hyphen === -1 ? '' : rest.slice(hyphen + 1),
  };
}

/** Texts and numbers in turns, starting with a text that may be empty. */
function compareParts(a: string, b: string): number {
  const left = a.split(/(\d+)/);
  const right = b.split(/(\d+)/);
  for (let i = 0; i < Math.max(left.length, right.length); i += 2) {
    const order = compareTexts(left[i] ?? '', right[i] ?? '') || compareNumbers(left[i + 1] ?? '', right[i + 1] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

function compareTexts(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const order = weigh(a, i) - weigh(b, i);
    if (order !== 0) return order;
  }
  return 0;
}

/** `~` comes before the end, the end before letters, letters before all else. */
function weigh(text: string, at: number): number {
  const character = text[at];
  if (character === undefined) return 0;
  if (character === '~') return -1;
  const code = character.charCodeAt(0);
  return /[A-Za-z]/.test(character) ? code : code + 256;
}

/** Digits of any length: `20230101120000` and longer are usual, and nothing may be rounded. */
function compareNumbers(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : Number(left > right);
}
