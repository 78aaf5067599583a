// `dpkg --compare-versions` (dpkg(1)): what an operator answers, with and without one of the versions.

/** less, equal, greater; and when the first, both or the second are missing. */
type Answers = readonly [number, number, number, number, number, number];

const OPERATORS: Readonly<Record<string, Answers>> = {
  lt: [1, 0, 0, 1, 0, 0],
  le: [1, 1, 0, 1, 1, 0],
  eq: [0, 1, 0, 0, 1, 0],
  ne: [1, 0, 1, 1, 0, 1],
  ge: [0, 1, 1, 0, 1, 1],
  gt: [0, 0, 1, 0, 0, 1],
  'lt-nl': [1, 0, 0, 0, 0, 1],
  'le-nl': [1, 1, 0, 0, 1, 1],
  'ge-nl': [0, 1, 1, 1, 1, 0],
  'gt-nl': [0, 0, 1, 1, 0, 0],
  '<': [1, 1, 0, 1, 1, 0],
  '<<': [1, 0, 0, 1, 0, 0],
  '<=': [1, 1, 0, 1, 1, 0],
  '=': [0, 1, 0, 0, 1, 0],
  '>': [0, 1, 1, 0, 1, 1],
  '>=': [0, 1, 1, 0, 1, 1],
  '>>': [0, 0, 1, 0, 0, 1],
};

const isMissing = (version: string): boolean => version === '' || version === '<unknown>';

/** Undefined for an operator that does not exist. */
export function versionsRelate(
  first: string,
  operator: string,
  second: string,
  compare: (a: string, b: string) => number,
): boolean | undefined {
  const answers = OPERATORS[operator];
  if (!answers) return undefined;
  if (isMissing(first)) return answers[isMissing(second) ? 4 : 3] === 1;
  if (isMissing(second)) return answers[5] === 1;
  return answers[1 + Math.sign(compare(first, second))] === 1;
}
