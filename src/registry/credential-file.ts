// One file of credentials as docker and podman write it (docker config.json, containers-auth.json(5)): parse it and look a repository up.
import { ImageSpecError } from '../core/error.ts';

/** `from` names the file or helper, for messages. */
export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string; readonly from: string }
  /** A refresh token of OAuth2 (`identitytoken`): exchanged for access tokens. */
  | { readonly kind: 'identity'; readonly token: string; readonly from: string }
  /** An access token (`registrytoken`): sent as it is. */
  | { readonly kind: 'bearer'; readonly token: string; readonly from: string };

type CredentialEntry = Readonly<Record<string, unknown>>;

export interface CredentialFile {
  /** Path or variable, for messages. */
  readonly from: string;
  /** By normalised key: `ghcr.io`, `quay.io/acme/app`. */
  readonly auths: ReadonlyMap<string, CredentialEntry>;
  readonly helpers: ReadonlyMap<string, string>;
  /** The helper for every registry. */
  readonly store: string | undefined;
}

/** All names under which Docker Hub is found in such files. */
const HUB_NAMES: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** Parses the file's text. Throws `CREDENTIALS` naming `from`. */
export function parseCredentialFile(text: string, from: string): CredentialFile {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    // Without the cause: a parser's message quotes the text, and the text holds passwords.
    throw malformed(from, 'it is not JSON');
  }
  const members = record(root, from, 'the document') ?? {};
  const store = members['credsStore'];
  if (store !== undefined && typeof store !== 'string') throw malformed(from, '"credsStore" is not a string');
  const auths = Object.entries(record(members['auths'], from, '"auths"') ?? {}).map(
    ([key, entry]) => [normalizeKey(key), record(entry, from, `"auths" → "${key}"`) ?? {}] as const,
  );
  const helpers = Object.entries(record(members['credHelpers'], from, '"credHelpers"') ?? {}).map(([key, name]) => {
    if (typeof name !== 'string') throw malformed(from, `"credHelpers" → "${key}" is not a string`);
    return [normalizeKey(key), name] as const;
  });
  return { from, auths: new Map(auths), helpers: new Map(helpers), store: store || undefined };
}

function record(value: unknown, from: string, what: string): CredentialEntry | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object' && !Array.isArray(value)) return value as CredentialEntry;
  throw malformed(from, `${what} is not an object`);
}

function malformed(from: string, why: string): ImageSpecError {
  return new ImageSpecError('CREDENTIALS', `The credentials in ${from} cannot be read: ${why}`, {
    hint: `Repair or remove ${from}, or log in again ("docker login" or "podman login").`,
    facts: { from },
  });
}

/** Old keys are URLs (`https://index.docker.io/v1/`), of which only the host counts; new ones are `host[:port][/path]`. */
function normalizeKey(key: string): string {
  const url = /^https?:\/\/([^/]+)/.exec(key);
  const [host = '', ...path] = (url?.[1] ?? key.replace(/^([^/]+)\/(?:v[12]\/?)?$/, '$1')).split('/');
  const lower = host.toLowerCase();
  return [HUB_NAMES.has(lower) ? 'docker.io' : lower, ...path].join('/');
}

/** Keys to try for a repository, most specific first: `quay.io/acme/app`, `quay.io/acme`, `quay.io`. */
export function lookupKeys(registry: string, repository: string): string[] {
  const parts = [normalizeKey(registry), ...repository.split('/')];
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

/** The credential that the file itself holds for the repository. Throws `CREDENTIALS` for a damaged entry. */
export function credentialIn(file: CredentialFile, registry: string, repository: string): Credential | undefined {
  for (const key of lookupKeys(registry, repository)) {
    const entry = file.auths.get(key);
    const credential = entry && credentialOf(entry, key, file.from);
    if (credential) return credential;
  }
  return undefined;
}

/** undefined for the empty entries that docker leaves where a helper holds the secret. */
function credentialOf(entry: CredentialEntry, key: string, from: string): Credential | undefined {
  const text = (name: string): string | undefined => {
    const value = entry[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const identity = text('identitytoken');
  if (identity) return { kind: 'identity', token: identity, from };
  const bearer = text('registrytoken');
  if (bearer) return { kind: 'bearer', token: bearer, from };
  const auth = text('auth');
  if (auth) {
    // docker pads with NUL bytes.
    const decoded = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = decoded.indexOf(':');
    if (colon < 0) throw malformed(from, `"auths" → "${key}" → "auth" is not base64 of user:password`);
    return { kind: 'basic', username: decoded.slice(0, colon), password: decoded.slice(colon + 1), from };
  }
  const username = text('username');
  return username ? { kind: 'basic', username, password: text('password') ?? '', from } : undefined;
}
