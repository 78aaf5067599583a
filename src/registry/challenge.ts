// What a server says it wants when it answers 401 (RFC 9110, 11.6.1 WWW-Authenticate).

export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case; of a repeated parameter the first. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A challenge has a few hundred bytes; what is longer is cut, so that no header can cost time. */
const HEADER_LIMIT_CHARS = 16 << 10;

const GAP = /[\s,]*/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const EQUALS = /\s*=\s*(?=["!#$%&'*+.^_`|~0-9A-Za-z-])/y;
const QUOTED = /"((?:[^"\\]|\\[\s\S])*)"?/y;
/** The other form of credentials (`Negotiate YII=`), told from a parameter by what follows. */
const TOKEN68 = /\s+[A-Za-z0-9._~+/-]+=*\s*(?=,|$)/y;

/**
 * Reads all challenges of one or several headers. Servers join them by commas, which also separate parameters and stand in quoted
 * strings. Lenient: what is not understood is skipped, nothing throws.
 */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const text = (typeof header === 'string' ? header : (header ?? []).join(', ')).slice(0, HEADER_LIMIT_CHARS);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found ? (found[1] ?? found[0]) : undefined;
  };
  while (at < text.length) {
    take(GAP);
    const word = take(TOKEN)?.toLowerCase();
    if (word === undefined) {
      at++;
    } else if (take(EQUALS) === undefined) {
      challenges.push({ scheme: word, parameters: new Map() });
      take(TOKEN68);
    } else {
      const value = text[at] === '"' ? take(QUOTED)?.replace(/\\([\s\S])/g, '$1') : take(TOKEN);
      const parameters = challenges.at(-1)?.parameters;
      if (parameters && !parameters.has(word)) parameters.set(word, value ?? '');
    }
  }
  return challenges;
}

/** The challenge to answer: Bearer before Basic; others are not spoken. */
export function bestChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  const of = (scheme: string): Challenge | undefined => challenges.find((challenge) => challenge.scheme === scheme);
  return of('bearer') ?? of('basic');
}
