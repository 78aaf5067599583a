// Who we are at a registry: what `docker login`, `podman login` and credential helpers left behind, in the order these tools read it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../core/context.ts';
import { ImageSpecError, messageOf, systemCode } from '../core/error.ts';
import { Once } from '../core/once.ts';
import type { Credential, CredentialFile } from './credential-file.ts';
import { credentialIn, lookupKeys, parseCredentialFile } from './credential-file.ts';

export interface CredentialsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute home folder. */
  readonly home: string;
}

/** The credential for a repository, or undefined: then we are anonymous. Throws `CREDENTIALS`. */
export type Credentials = (ctx: Context, registry: string, repository: string) => Promise<Credential | undefined>;

/**
 * Credentials from the first place that knows the repository: `DOCKER_AUTH_CONFIG` (JSON), `REGISTRY_AUTH_FILE`,
 * `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`, `$XDG_RUNTIME_DIR/containers/auth.json`,
 * `${XDG_CONFIG_HOME:-~/.config}/containers/auth.json` (docker/cli, containers-auth.json(5)).
 * Within a place: `credHelpers` before `credsStore` before `auths`. Nothing is read before the first question, and each thing once.
 */
export function createCredentials({ env, home }: CredentialsOptions): Credentials {
  const once = new Once<'files', readonly CredentialFile[]>();
  const helpers = new Once<string, Credential | undefined>();
  const ask = (ctx: Context, name: string, from: string, registry: string): Promise<Credential | undefined> =>
    helpers.run(`${name} ${registry}`, async () => {
      const { askHelper } = await import('./credential-helper.ts');
      return askHelper(ctx, { name, from, env }, registry);
    });
  return async (ctx, registry, repository) => {
    for (const file of await once.run('files', () => readFiles(env, home))) {
      const own = lookupKeys(registry, repository).flatMap((key) => file.helpers.get(key) ?? [])[0] ?? file.store;
      const found =
        (own === undefined ? undefined : await ask(ctx, own, file.from, registry)) ??
        credentialIn(file, registry, repository);
      if (found) return found;
    }
    return undefined;
  };
}

async function readFiles(env: CredentialsOptions['env'], home: string): Promise<CredentialFile[]> {
  const inline = env['DOCKER_AUTH_CONFIG'];
  const files = await Promise.all(credentialPaths(env, home).map(readCredentialFile));
  return [inline ? parseCredentialFile(inline, 'DOCKER_AUTH_CONFIG') : undefined, ...files].filter(
    (file) => file !== undefined,
  );
}

function credentialPaths(env: CredentialsOptions['env'], home: string): string[] {
  const explicit = env['REGISTRY_AUTH_FILE'];
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    ...(explicit ? [explicit] : []),
    join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json'),
    ...(runtime ? [join(runtime, 'containers', 'auth.json')] : []),
    join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers', 'auth.json'),
  ];
}

async function readCredentialFile(path: string): Promise<CredentialFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(cause) ?? '')) return undefined;
    throw new ImageSpecError('CREDENTIALS', `The credentials file ${path} cannot be read: ${messageOf(cause)}`, {
      hint: `Give yourself the right to read ${path}, or set DOCKER_CONFIG to another folder.`,
      cause,
      facts: { from: path },
    });
  }
  // podman leaves an empty file behind after the last logout.
  return text.trim() === '' ? undefined : parseCredentialFile(text, path);
}
