// One spelling per distribution: `Foo.Bar`, `foo_bar` and `foo-bar` are the same package.

/** Normalised name (PEP 503): lower case, runs of `-`, `_` and `.` become one `-`. */
export function normalizeName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}
