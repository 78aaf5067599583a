// What the schema has to say about a value, in two halves: what is wrong, and what to do about it.

export interface Finding {
  /** Follows the field's name in a sentence: `must not be empty`. */
  readonly what: string;
  /** A sentence of its own. */
  readonly todo: string;
}

/** What is wrong with a value, if anything. */
export type Rule<T> = (value: T) => Finding | undefined;

/** The end of `what` for all that is understood, but that this release cannot do. */
export const NOT_YET = 'is not supported yet';

/** A finding as the message of a zod issue, which is one string. */
export function printFinding({ what, todo }: Finding): string {
  return `${what}\n${todo}`;
}

export function parseFinding(message: string): Finding {
  const [what = '', todo = ''] = message.split('\n');
  return { what, todo };
}

/** The kind of a value, for sentences: `a list`. Values themselves are not printed, since they may be secrets. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'text';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}
