import { describe, expect, it } from 'vitest';
import { contentOf } from '../../src/content/content.ts';
import { MEDIA } from '../../src/oci/media-type.ts';
import { expectCode } from '../expect-code.ts';
import type { FakeAuth } from './fake-tokens.ts';
import { asked, basicAuth, testContext, testRegistry } from './setup.ts';

const login = { auth: basicAuth('me', 'pw') };
const bearer: FakeAuth = { scheme: 'bearer', username: 'me', password: 'pw' };
const basic: FakeAuth = { scheme: 'basic', username: 'me', password: 'pw' };
const blob = contentOf(Buffer.from('layer'), MEDIA.layerGzip);

const scopesOf = (path: string | undefined): string[] =>
  new URL(path ?? '', 'http://tokens').searchParams.getAll('scope');

describe('Basic', () => {
  it('asks how to ask, then sends the credentials at once', async () => {
    const registry = await testRegistry({ auth: basic, login });
    expect(await registry.open().has(testContext(), blob.descriptor)).toBe(false);
    expect(asked(registry).map((line) => line.replace(/sha256:.*/, 'DIGEST'))).toEqual([
      'GET /v2/',
      'HEAD /v2/acme/app/blobs/DIGEST',
    ]);
  });

  it('without credentials says how to log in', async () => {
    const registry = await testRegistry({ auth: basic });
    const error = await expectCode(() => registry.open().has(testContext(), blob.descriptor), 'UNAUTHORIZED');
    expect(error.hint).toContain(`docker login ${registry.host}`);
    expect(error.hint).toContain(`podman login ${registry.host}`);
  });

  it('with wrong credentials says where they came from, and does not try them again', async () => {
    const registry = await testRegistry({ auth: basic, login: { auth: basicAuth('me', 'wrong') } });
    const error = await expectCode(() => registry.open().has(testContext(), blob.descriptor), 'UNAUTHORIZED');
    expect(error.hint).toContain('config.json');
    expect(`${error.message} ${error.hint}`).not.toContain('wrong');
    expect(asked(registry)).toHaveLength(2);
  });
});

describe('Bearer', () => {
  it('gets an anonymous token for a stranger', async () => {
    const registry = await testRegistry({ auth: { ...bearer, anonymousPull: true } });
    const store = registry.open();
    expect(await store.resolve(testContext(), '1.0')).toBeUndefined();
    expect(asked(registry)).toEqual(['HEAD /v2/acme/app/manifests/1.0', 'HEAD /v2/acme/app/manifests/1.0']);
    const [question] = asked(registry, 'tokens');
    expect(question).toContain('from=realm');
    expect(scopesOf(question?.split(' ')[1])).toEqual(['repository:acme/app:pull']);
    expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
      'Bearer token-1',
    ]);
  });

  it('gets a token with credentials, and keeps it', async () => {
    const registry = await testRegistry({ auth: { ...bearer, member: 'access_token' }, login });
    const store = registry.open();
    await store.put(testContext(), blob);
    await store.put(testContext(), contentOf(Buffer.from('other'), MEDIA.layerGzip));
    const questions = registry.requests.filter(({ server }) => server === 'tokens');
    expect(questions).toHaveLength(1);
    expect(questions[0]?.headers.authorization).toBe(`Basic ${login.auth}`);
    expect(scopesOf(questions[0]?.path)).toEqual(['repository:acme/app:pull,push']);
    const passwords = registry.requests.filter(
      ({ server, headers }) => server === 'registry' && headers.authorization?.includes('Basic'),
    );
    expect(passwords).toEqual([]);
  });

  it('asks once for what many want at the same time', async () => {
    const registry = await testRegistry({ auth: bearer, login });
    const store = registry.open();
    await Promise.all(Array.from({ length: 8 }, () => store.has(testContext(), blob.descriptor)));
    expect(asked(registry, 'tokens')).toHaveLength(1);
    expect(asked(registry).filter((line) => line === 'GET /v2/')).toHaveLength(1);
  });

  it('gets a new token when the old one is refused, once', async () => {
    const registry = await testRegistry({ auth: bearer, login });
    const store = registry.open();
    await store.has(testContext(), blob.descriptor);
    registry.revokeTokens();
    await Promise.all(Array.from({ length: 5 }, () => store.has(testContext(), blob.descriptor)));
    expect(asked(registry, 'tokens')).toHaveLength(2);
  });

  it('names our own repository first when it mounts', async () => {
    const registry = await testRegistry({ auth: bearer, login });
    await registry.store('library/base').put(testContext(), blob);
    const mountFrom = { registry: registry.host, repository: 'library/base' };
    expect(await registry.open().mount?.(testContext(), { ...blob, mountFrom })).toBe(true);
    expect(scopesOf(asked(registry, 'tokens')[0]?.split(' ')[1])).toEqual([
      'repository:acme/app:pull,push',
      'repository:library/base:pull',
    ]);
  });

  it('exchanges an identity token by POST', async () => {
    const registry = await testRegistry({
      auth: { ...bearer, identityToken: 'refresh-me' },
      login: { identitytoken: 'refresh-me' },
    });
    await registry.open().put(testContext(), blob);
    const question = registry.requests.find(({ server }) => server === 'tokens');
    expect(question?.method).toBe('POST');
    const form = new URLSearchParams(question?.body.toString());
    expect(Object.fromEntries(form)).toMatchObject({
      grant_type: 'refresh_token',
      client_id: 'imagespec',
      refresh_token: 'refresh-me',
      scope: 'repository:acme/app:pull,push',
    });
  });

  it('says so when an identity token is refused', async () => {
    const registry = await testRegistry({
      auth: { ...bearer, identityToken: 'new' },
      login: { identitytoken: 'old-secret' },
    });
    const error = await expectCode(() => registry.open().put(testContext(), blob), 'UNAUTHORIZED');
    expect(error.message).toContain('refused the credentials');
    expect(`${error.message} ${error.hint}`).not.toContain('old-secret');
  });

  it('does not fall back to a stranger when credentials are refused', async () => {
    const auth = { ...bearer, anonymousPull: true };
    const registry = await testRegistry({ auth, login: { auth: basicAuth('me', 'expired') } });
    const error = await expectCode(() => registry.open().resolve(testContext(), '1.0'), 'UNAUTHORIZED');
    expect(error.message).toContain('config.json');
  });

  it('sends a registry token as it is', async () => {
    const registry = await testRegistry({ auth: bearer, login: { registrytoken: 'given' } });
    await expectCode(() => registry.open().resolve(testContext(), '1.0'), 'UNAUTHORIZED');
    expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer given']);
  });

  it('asks /v2/ when a 401 says nothing', async () => {
    const registry = await testRegistry({ auth: { ...bearer, anonymousPull: true, challenge: '' } });
    expect(await registry.open().resolve(testContext(), '1.0')).toBeUndefined();
    expect(asked(registry)).toContain('GET /v2/');
  });

  it('retries a token server that is overloaded', async () => {
    const registry = await testRegistry({
      auth: bearer,
      login,
      faults: [{ server: 'tokens', times: 2, go: { status: 503 } }],
    });
    expect(await registry.open().has(testContext(), blob.descriptor)).toBe(false);
    expect(registry.http.waits).toHaveLength(2);
  });

  it.each([
    ['without a token', '{"token":""}'],
    ['with a page', '<html>secret</html>'],
    ['with a token that is no header', '{"token":"a\\nb"}'],
  ])('refuses a token server that answers %s', async (_title, body) => {
    const registry = await testRegistry({ auth: bearer, faults: [{ server: 'tokens', go: { status: 200, body } }] });
    const error = await expectCode(() => registry.open().resolve(testContext(), '1.0'), 'UNEXPECTED_ANSWER');
    expect(error.message).not.toContain('secret');
  });
});
