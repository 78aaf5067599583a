// How a spec that a program made is told from a plain object: by a mark that is the same in every copy of the package, where `instanceof` is not.

export const MARK = Symbol.for('imagespec.spec');

/** A spec of this copy of the package, or of another. */
export interface MarkedSpec {
  readonly [MARK]: true;
  readonly toJSON: () => Readonly<Record<string, unknown>>;
}

export function isImageSpec(value: unknown): value is MarkedSpec {
  return typeof value === 'object' && value !== null && MARK in value;
}
