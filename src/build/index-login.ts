// With which login a file of a package index is fetched: that of its URL, of the index on the same host, of netrc, or of the program keyring.
import type { Context } from '../core/context.ts';
import { Once } from '../core/once.ts';
import type { ProgramEnd } from '../python/run-program.ts';
import { basicAuthorization, decoded, takeCredentials } from '../registry/url-credentials.ts';
import type { NamedIndex } from '../python/requirement-files.ts';
import type { Environment } from './environment.ts';
import type { Inputs } from './inputs.ts';
import type { PipAccess } from './pip-access.ts';
import { loginFor } from './pip-access.ts';

/** The password of a user at an index; undefined when the keyring knows none. */
export type Keyring = (ctx: Context, index: URL, user: string) => Promise<string | undefined>;

/** A person may have to unlock it. */
const KEYRING_TIMEOUT_MS = 120_000;

/**
 * The program `keyring` on PATH, as pip and uv call it, each index and user once. Undefined unless one of both was told to
 * (`UV_KEYRING_PROVIDER`, `PIP_KEYRING_PROVIDER`, `--keyring-provider subprocess`).
 */
export function openKeyring(
  { variables, workingDirectory: folder }: Pick<Environment, 'variables' | 'workingDirectory'>,
  { wants }: Pick<Inputs, 'wants'>,
): Keyring | undefined {
  const told = [
    variables['UV_KEYRING_PROVIDER'],
    variables['PIP_KEYRING_PROVIDER'],
    wants.options?.keyring && 'subprocess',
  ];
  if (told.find(Boolean) !== 'subprocess') return undefined;
  const answers = new Once<string, string | undefined>();
  const run = async (ctx: Context, service: string, user: string): Promise<ProgramEnd> => {
    const { runProgram } = await import('../python/run-program.ts');
    return runProgram(ctx, 'keyring', ['get', service, user], {
      env: variables,
      folder,
      timeoutMs: KEYRING_TIMEOUT_MS,
    });
  };
  const ask = async (ctx: Context, index: URL, user: string): Promise<string | undefined> => {
    // By the whole URL first, then by the host, as both do.
    for (const service of [index.href, index.host]) {
      const { status, stdout } = await run(ctx, service, user);
      const password = stdout.replace(/\r?\n$/, '');
      if (status === 0 && password !== '') return password;
    }
    return undefined;
  };
  return (ctx, index, user) => answers.share(ctx, `${user} ${index.href}`, () => ask(ctx, index, user));
}

/**
 * Indexes that a project or lock names, with the credentials that uv and poetry take from variables of their names
 * (`UV_INDEX_NAME_USERNAME`, `POETRY_HTTP_BASIC_NAME_USERNAME`).
 */
export function withLogins(indexes: readonly NamedIndex[], variables: Environment['variables']): readonly string[] {
  return indexes.flatMap(({ name, url }) => {
    const place = URL.parse(url);
    const { username, password } = loginOf(name, variables);
    if (!place || name === '' || (username === undefined && password === undefined)) return [url];
    place.username = encodeURIComponent(username ?? '');
    place.password = encodeURIComponent(password ?? '');
    return [place.href];
  });
}

/** Of the variables of an index. */
const stemOf = (prefix: string, name: string): string => `${prefix}_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;

function loginOf(name: string, variables: Environment['variables']) {
  for (const prefix of ['UV_INDEX', 'POETRY_HTTP_BASIC']) {
    const stem = stemOf(prefix, name);
    const [username, password] = [variables[`${stem}_USERNAME`], variables[`${stem}_PASSWORD`]];
    if (username !== undefined || password !== undefined) return { username, password };
  }
  return {};
}

/** For uv, which knows poetry's indexes by the same names. */
export function uvLogins(
  indexes: readonly NamedIndex[],
  variables: Environment['variables'],
): Environment['variables'] {
  const added = indexes.flatMap(({ name }) => {
    const { username, password } = loginOf(name, variables);
    const stem = stemOf('UV_INDEX', name);
    return name === '' ? [] : [[`${stem}_USERNAME`, username] as const, [`${stem}_PASSWORD`, password] as const];
  });
  return Object.fromEntries(added.filter(([, value]) => value !== undefined));
}

export interface LoginSources {
  /** Of the spec, the requirements and the environment; may hold credentials. */
  readonly known: readonly string[];
  readonly access: PipAccess;
  readonly keyring: Keyring | undefined;
}

/** Takes user and password out of the URL; those of an index hold for its files as long as they lie on the same host. */
export async function takeAuthorization(
  ctx: Context,
  url: URL,
  { known, access: { indexUrls, netrc }, keyring }: LoginSources,
): Promise<Readonly<Record<string, string>>> {
  const own = takeCredentials(url);
  if (own['authorization']) return own;
  const indexes = [...known, ...indexUrls].flatMap((one) => URL.parse(one) ?? []);
  const index = indexes.find(({ host, username, password }) => host === url.host && (username || password));
  const login = loginFor(url, netrc, indexes);
  if (!index) return login ? basicAuthorization(login.login, login.password) : {};
  const bare = new URL(index);
  const named = takeCredentials(bare);
  if (index.password !== '') return named;
  const user = decoded(index.username);
  if (login?.login === user) return basicAuthorization(user, login.password);
  const password = await keyring?.(ctx, bare, user);
  return password === undefined ? named : basicAuthorization(user, password);
}
