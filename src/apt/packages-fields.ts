// Which fields of a Packages file matter, found by their names in bytes.

/** Fields of deb-control(5) that say what a package is, needs and where it lies. */
const KEPT: ReadonlySet<string> = new Set([
  'package',
  'version',
  'architecture',
  'multi-arch',
  'source',
  'essential',
  'priority',
  'pre-depends',
  'depends',
  'provides',
  'conflicts',
  'breaks',
  'replaces',
  'filename',
  'size',
  'sha256',
]);

/** Fields whose names apt learns of in this order, stanza by stanza: its last word between equal providers. */
export const MENTIONING = [
  'pre-depends',
  'depends',
  'conflicts',
  'breaks',
  'recommends',
  'suggests',
  'replaces',
  'enhances',
  'provides',
] as const;
export const PROVIDES = MENTIONING.indexOf('provides');

export interface Field {
  /** In lower case. */
  readonly name: Buffer;
  readonly isKept: boolean;
  /** Place in `MENTIONING`, or -1. */
  readonly mention: number;
}

const FIELDS: readonly Field[] = [...new Set([...KEPT, ...MENTIONING])].map((name) => ({
  name: Buffer.from(name),
  isKept: KEPT.has(name),
  mention: MENTIONING.findIndex((one) => one === name),
}));
export const NAME = FIELDS.find(({ name }) => name.toString() === 'package')!;

/** By length and first letter: hardly two share them. */
const FIELDS_BY_KEY: readonly (readonly Field[])[] = Array.from({ length: 32 * 256 }, (_, key) =>
  FIELDS.filter(({ name }) => keyOf(name, 0, name.length) === key),
);

function keyOf(bytes: Buffer, start: number, end: number): number {
  return (end - start) * 256 + lower(bytes[start]!);
}

/** The field whose name, in any case, stands there; undefined for those that do not matter. */
export function fieldAt(bytes: Buffer, start: number, end: number): Field | undefined {
  const candidates = FIELDS_BY_KEY[keyOf(bytes, start, end)];
  if (candidates === undefined) return undefined;
  for (const field of candidates) {
    let at = 0;
    while (at < field.name.length && lower(bytes[start + at]!) === field.name[at]) at++;
    if (at === field.name.length) return field;
  }
  return undefined;
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte | 32 : byte;
}
