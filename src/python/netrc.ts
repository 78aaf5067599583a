// netrc(5): user and password by host, as pip, uv and curl take them from a file.

export interface Login {
  readonly login: string;
  readonly password: string;
}

export interface Netrc {
  readonly machines: ReadonlyMap<string, Login>;
  /** Of every other host; whoever asks must know the host to be one that is meant. */
  readonly fallback: Login | undefined;
}

export const EMPTY_NETRC: Netrc = { machines: new Map(), fallback: undefined };

/**
 * Words, quoted ones with `\` before a quote as curl and Python read them. `#` begins a comment where a word may stand, a macro ends with an
 * empty line. Of two entries for one host the first holds. What is no netrc gives no entries.
 */
export function parseNetrc(text: string): Netrc {
  const machines = new Map<string, Login>();
  let fallback: Login | undefined;
  const words = wordsOf(text.replace(/^\s*macdef[^\n]*\n(?:[^\n]*\S[^\n]*(?:\n|$))*/gm, ''));
  for (let at = 0; at < words.length;) {
    const isDefault = words[at] === 'default';
    if (!isDefault && words[at] !== 'machine') {
      at++;
      continue;
    }
    const host = isDefault ? '' : (words[at + 1] ?? '').toLowerCase();
    at += isDefault ? 1 : 2;
    const fields: Record<string, string> = {};
    while (FIELDS.has(words[at] ?? '')) {
      fields[words[at]!] = words[at + 1] ?? '';
      at += 2;
    }
    const login = { login: fields['login'] ?? fields['user'] ?? '', password: fields['password'] ?? '' };
    if (isDefault) fallback ??= login;
    else if (!machines.has(host)) machines.set(host, login);
  }
  return { machines, fallback };
}

const FIELDS: ReadonlySet<string> = new Set(['login', 'user', 'password', 'account']);

function wordsOf(text: string): string[] {
  const words = text.matchAll(/"((?:[^"\\]|\\[^])*)"|(#[^\n]*)|(\S+)/g);
  return [...words].flatMap(([, quoted, comment, plain]) => {
    if (comment !== undefined) return [];
    return quoted?.replace(/\\([^])/g, '$1') ?? plain ?? [];
  });
}
