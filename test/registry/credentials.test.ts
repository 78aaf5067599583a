import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Credential } from '../../src/registry/credential-file.ts';
import { createCredentials } from '../../src/registry/credentials.ts';
import { expectCode } from '../expect-code.ts';
import { basicAuth, dockerConfig, testContext, testHome } from './setup.ts';

const DOCKER = '.docker/config.json';
const PODMAN = 'run/containers/auth.json';

interface Setup {
  readonly files?: Record<string, string>;
  readonly env?: (home: string) => Record<string, string>;
}

async function find({ files = {}, env = () => ({}) }: Setup, registry = 'ghcr.io', repository = 'acme/app') {
  const home = await testHome(files);
  const credentials = createCredentials({ home, env: { XDG_RUNTIME_DIR: join(home, 'run'), ...env(home) } });
  return credentials(testContext(), registry, repository);
}

const user = (credential: Credential | undefined): string | undefined =>
  credential?.kind === 'basic' ? `${credential.username}:${credential.password}` : credential?.kind;

const config = (host: string, name: string): string => dockerConfig(host, { auth: basicAuth(name, 'pw') });

describe('credentials', () => {
  it('are none without files', async () => {
    expect(await find({})).toBeUndefined();
  });

  it.each([
    ['ghcr.io', 'ghcr.io'],
    ['https://ghcr.io', 'ghcr.io'],
    ['https://ghcr.io/v1/', 'ghcr.io'],
    ['GHCR.io/v2/', 'ghcr.io'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['index.docker.io', 'docker.io'],
    ['registry-1.docker.io', 'docker.io'],
    ['docker.io', 'docker.io'],
    ['127.0.0.1:5000', '127.0.0.1:5000'],
    ['[::1]:5000', '[::1]:5000'],
  ])('under the key %s serve %s', async (key, registry) => {
    expect(user(await find({ files: { [DOCKER]: config(key, 'me') } }, registry))).toBe('me:pw');
  });

  it('of one registry are not given to another', async () => {
    const files = { [DOCKER]: config('ghcr.io', 'me') };
    expect(await find({ files }, 'ghcr.io.evil.example')).toBeUndefined();
    expect(await find({ files }, 'ghcr.io:5000')).toBeUndefined();
  });

  it('take the most specific path, and the host for others', async () => {
    const files = {
      [PODMAN]: JSON.stringify({
        auths: {
          'quay.io': { auth: basicAuth('host', 'pw') },
          'quay.io/acme': { auth: basicAuth('team', 'pw') },
          'quay.io/acme/app': { auth: basicAuth('app', 'pw') },
        },
      }),
    };
    expect(user(await find({ files }, 'quay.io', 'acme/app'))).toBe('app:pw');
    expect(user(await find({ files }, 'quay.io', 'acme/apple'))).toBe('team:pw');
    expect(user(await find({ files }, 'quay.io', 'acmes/app'))).toBe('host:pw');
  });

  it.each<[string, Record<string, string>, Credential['kind'], string]>([
    ['auth with colons and padding', { auth: basicAuth('me', 'a:b\0\0') }, 'basic', 'me:a:b'],
    ['user and password', { username: 'me', password: 'pw' }, 'basic', 'me:pw'],
    ['identity token', { auth: basicAuth('me', ''), identitytoken: 'refresh' }, 'identity', 'identity'],
    ['registry token', { registrytoken: 'access' }, 'bearer', 'bearer'],
  ])('are read as %s', async (_title, entry, kind, shown) => {
    const found = await find({ files: { [DOCKER]: dockerConfig('ghcr.io', entry) } });
    expect(found?.kind).toBe(kind);
    expect(user(found)).toBe(shown);
    expect(found?.from).toContain(DOCKER);
  });

  it('come from the first place that knows the registry', async () => {
    const files = {
      'explicit.json': config('ghcr.io', 'explicit'),
      [DOCKER]: config('ghcr.io', 'docker'),
      [PODMAN]: config('ghcr.io', 'runtime'),
      '.config/containers/auth.json': config('ghcr.io', 'config'),
      'other/config.json': config('ghcr.io', 'other'),
    };
    const inline = { DOCKER_AUTH_CONFIG: config('ghcr.io', 'inline') };
    const explicit = (home: string): Record<string, string> => ({ REGISTRY_AUTH_FILE: join(home, 'explicit.json') });
    expect(user(await find({ files, env: (home) => ({ ...explicit(home), ...inline }) }))).toBe('inline:pw');
    expect(user(await find({ files, env: explicit }))).toBe('explicit:pw');
    expect(user(await find({ files }))).toBe('docker:pw');
    expect(user(await find({ files, env: (home) => ({ DOCKER_CONFIG: join(home, 'other') }) }))).toBe('other:pw');
    expect(user(await find({ files: { ...files, [DOCKER]: '{"auths":{"ghcr.io":{}}}' } }))).toBe('runtime:pw');
    expect(user(await find({ files: { ...files, [DOCKER]: '{}', [PODMAN]: '' } }))).toBe('config:pw');
  });

  it.each([
    ['no JSON', '{"auths": secret', /not JSON/],
    ['a list', '[]', /not an object/],
    ['odd auths', '{"auths":["secret"]}', /"auths" is not an object/],
    ['an odd helper', '{"credHelpers":{"ghcr.io":1}}', /"credHelpers"/],
    ['an odd store', '{"credsStore":1}', /"credsStore"/],
    ['auth without a colon', dockerConfig('ghcr.io', { auth: 'c2VjcmV0' }), /base64 of user:password/],
  ])('that are malformed (%s) are an error that names the file and no secret', async (_title, text, why) => {
    const error = await expectCode(() => find({ files: { [DOCKER]: text } }), 'CREDENTIALS');
    expect(error.message).toMatch(why);
    expect(error.message).toContain(DOCKER);
    expect(`${error.message} ${error.hint} ${String(error.cause)}`).not.toContain('secret');
  });

  it('that cannot be read are an error', async () => {
    const env = (home: string): Record<string, string> => ({ REGISTRY_AUTH_FILE: home });
    const error = await expectCode(() => find({ env }), 'CREDENTIALS');
    expect(error.message).toContain('EISDIR');
  });
});

describe('credential helpers', () => {
  const bin = (home: string): Record<string, string> => ({ PATH: join(home, 'bin'), SECRET: 'from env' });
  const helper = (body: string): string => `#!/bin/sh\nread -r key\n${body}\n`;
  const answer = (username: string): string =>
    `echo "{\\"ServerURL\\":\\"$key\\",\\"Username\\":\\"${username}\\",\\"Secret\\":\\"$1 $key\\"}"`;
  const withHelper = (script: string, more: Record<string, unknown> = {}): Record<string, string> => ({
    [DOCKER]: JSON.stringify({ credsStore: 'test', ...more }),
    'bin/docker-credential-test': helper(script),
  });

  it('are asked by host, and by the old key for Docker Hub', async () => {
    const files = withHelper(answer('me'));
    expect(user(await find({ files, env: bin }))).toBe('me:get ghcr.io');
    expect(user(await find({ files, env: bin }, 'docker.io'))).toBe('me:get https://index.docker.io/v1/');
  });

  it('go before auths, and the one for the host before the one for all', async () => {
    const files = {
      ...withHelper(answer('all'), {
        credHelpers: { 'ghcr.io': 'own' },
        auths: { 'ghcr.io': { auth: basicAuth('file', 'pw') } },
      }),
      'bin/docker-credential-own': helper(answer('own')),
    };
    expect(user(await find({ files, env: bin }))).toBe('own:get ghcr.io');
    expect(user(await find({ files, env: bin }, 'quay.io'))).toBe('all:get quay.io');
  });

  it('that know nothing leave us anonymous', async () => {
    const files = withHelper('echo "credentials not found in native keychain"; exit 1');
    expect(await find({ files, env: bin })).toBeUndefined();
  });

  it('may answer an identity token', async () => {
    const found = await find({ files: withHelper(answer('<token>')), env: bin });
    expect(found?.kind).toBe('identity');
  });

  it('are run once per registry, without waiting for what they do not read', async () => {
    const home = await testHome(withHelper(`echo x >> "$0.log"; ${answer('me')}`));
    await chmod(join(home, 'bin'), 0o755);
    const credentials = createCredentials({ home, env: bin(home) });
    const found = await Promise.all([1, 2, 3].map((n) => credentials(testContext(), 'ghcr.io', `acme/app${n}`)));
    expect(new Set(found).size).toBe(1);
  });

  it.each([
    ['fails', 'echo "keychain is locked at https://me:pw@host" >&2; echo topsecret; exit 2', /keychain is locked/],
    ['says nothing', 'exit 3', /exit status 3/],
    ['answers something else', 'echo topsecret', /not the helper protocol/],
  ])('that %s are an error', async (_title, script, why) => {
    const error = await expectCode(() => find({ files: withHelper(script), env: bin }), 'CREDENTIALS');
    expect(error.message).toMatch(why);
    expect(error.message).toContain('docker-credential-test');
    expect(error.message).not.toMatch(/topsecret|me:pw/);
  });

  it.each([
    ['missing', /not installed/],
    ['../evil', /not a program name/],
    ['a b', /not a program name/],
  ])('named "%s" are an error with a hint', async (name, why) => {
    const files = { [DOCKER]: JSON.stringify({ credHelpers: { 'ghcr.io': name } }) };
    const error = await expectCode(() => find({ files, env: bin }), 'CREDENTIALS');
    expect(error.message).toMatch(why);
    expect(error.hint).toContain(DOCKER);
  });

  it('stop with the build', async () => {
    const home = await testHome(withHelper('while :; do :; done'));
    const credentials = createCredentials({ home, env: bin(home) });
    const ctx = { ...testContext(), signal: AbortSignal.timeout(100) };
    await expectCode(() => credentials(ctx, 'ghcr.io', 'acme/app'), 'ABORTED');
  });
});
