// One entry of a list of sources before its options are understood: both styles of sources.list(5) come down to this.
import { ImageSpecError } from '../core/error.ts';

export interface SourceEntry {
  /** `/etc/apt/sources.list:3`, for messages. */
  readonly where: string;
  /** As written: credentials may be in them. */
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** By the name of the one-line style: `arch`, `signed-by`. */
  readonly options: ReadonlyMap<string, string>;
}

export function invalidSource(where: string, why: string, hint?: string): ImageSpecError {
  return new ImageSpecError('APT_SOURCES_INVALID', `The package source at ${where} cannot be used: ${why}`, {
    hint: hint ?? 'Correct it there, or name the sources under "apt_sources" in the spec.',
    facts: { where },
  });
}

/** Items parted by white space or commas. */
export function itemsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((item) => item !== '');
}

/** An exact path has no components, anything else has some (sources.list(5)). */
export function checkEntry(entry: SourceEntry): SourceEntry {
  const { where, uris, suites, components } = entry;
  if (uris.length === 0) throw invalidSource(where, 'it names no URI');
  if (suites.length === 0) throw invalidSource(where, 'it names no suite');
  for (const suite of suites) {
    const isExact = suite.endsWith('/');
    if (isExact && components.length > 0) {
      throw invalidSource(
        where,
        `"${suite}" is an exact path, which has no components, but "${components[0]}" follows`,
      );
    }
    if (!isExact && components.length === 0) {
      throw invalidSource(where, `it names no component of ${suite}`, 'Name at least one, such as "main".');
    }
  }
  return entry;
}
