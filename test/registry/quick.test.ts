import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentOf } from '../../src/content/content.ts';
import { MEDIA } from '../../src/oci/media-type.ts';
import { headManifest } from '../../src/registry/quick.ts';
import type { FakeRegistryOptions } from './fake-registry.ts';
import { asked, basicAuth, dockerConfig, testContext, testHome, testRegistry } from './setup.ts';

const manifest = contentOf(Buffer.from('{"schemaVersion":2}'), MEDIA.manifest);
const exists = { status: 'exists', digest: manifest.descriptor.digest, mediaType: MEDIA.manifest };

interface Options extends FakeRegistryOptions {
  readonly login?: Record<string, string>;
  readonly env?: Record<string, string>;
  readonly tag?: string;
  readonly insecure?: boolean;
}

async function quick({ login, env = {}, tag = '1.0', insecure, ...options }: Options) {
  const registry = await testRegistry(options);
  await registry.store('acme/app').tag(testContext(), manifest, ['1.0']);
  const home = await testHome(login ? { '.docker/config.json': dockerConfig(registry.host, login) } : {});
  const reference = { registry: registry.host, repository: 'acme/app', tag };
  const answer = await headManifest(reference, { env, home, userAgent: 'imagespec/test', insecure });
  return { answer, registry };
}

describe('headManifest', () => {
  it('finds what exists by one request', async () => {
    const { answer, registry } = await quick({});
    expect(answer).toEqual(exists);
    expect(asked(registry)).toEqual(['HEAD /v2/acme/app/manifests/1.0']);
    expect(registry.requests[0]?.headers['user-agent']).toBe('imagespec/test');
  });

  it('says absent for 404 only', async () => {
    expect((await quick({ tag: '2.0' })).answer).toEqual({ status: 'absent' });
  });

  it.each([
    ['with Basic credentials', { scheme: 'basic', username: 'me', password: 'pw' }, { auth: basicAuth('me', 'pw') }],
    ['with a token', { scheme: 'bearer', username: 'me', password: 'pw' }, { auth: basicAuth('me', 'pw') }],
    [
      'with an identity token',
      { scheme: 'bearer', username: '', password: '', identityToken: 'i' },
      { identitytoken: 'i' },
    ],
    ['with an anonymous token', { scheme: 'bearer', username: '', password: 'pw', anonymousPull: true }, undefined],
  ] as const)('logs in %s', async (_title, auth, login) => {
    expect((await quick({ auth, ...(login && { login }) })).answer).toEqual(exists);
  });

  it.each<[string, Options]>([
    ['credentials are missing', { auth: { scheme: 'basic', username: 'me', password: 'pw' } }],
    [
      'credentials are wrong',
      { auth: { scheme: 'bearer', username: 'me', password: 'pw' }, login: { auth: basicAuth('me', 'x') } },
    ],
    ['credentials are damaged', { login: { auth: 'eA==' } }],
    ['the digest is not told', { persona: { noContentDigest: true } }],
    ['HEAD is not allowed', { persona: { head: 405 } }],
    ['the type is odd', { persona: { manifestType: 'application/json' } }],
    ['the registry is overloaded', { faults: [{ go: { status: 503 } }] }],
    ['the registry redirects', { faults: [{ go: { status: 307, headers: { location: '/' } } }] }],
    ['the connection breaks', { faults: [{ go: 'reset' }] }],
    ['TLS is wanted where none is', { insecure: false }],
  ])('is unsure when %s', async (_title, options) => {
    expect((await quick(options)).answer).toEqual({ status: 'unsure' });
  });

  it('is unsure behind a proxy, without asking', async () => {
    const reference = { registry: 'registry.example', repository: 'acme/app', tag: '1.0' };
    const options = { env: { https_proxy: 'http://127.0.0.1:1' }, home: await testHome(), userAgent: 'x' };
    expect(await headManifest(reference, options)).toEqual({ status: 'unsure' });
  });

  it('speaks TLS with the authority of SSL_CERT_FILE', async () => {
    const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'tls');
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const tls = { key: read('server.key'), cert: read('server.pem') };
    const env = { SSL_CERT_FILE: join(folder, 'ca.pem') };
    expect((await quick({ tls, env, insecure: false })).answer).toEqual(exists);
    expect((await quick({ tls, insecure: false })).answer).toEqual({ status: 'unsure' });
  });

  it('loads neither undici nor zod', () => {
    const start = join(import.meta.dirname, '..', '..', 'src', 'registry', 'quick.ts');
    const reached = importsFrom(start);
    expect(reached).toContain('node:fs/promises');
    expect([...reached].filter((name) => !/^(?:node:|\/)/.test(name))).toEqual([]);
  });
});

/** Everything that a file imports at run time, directly and through others; packages by name, own files by path. */
function importsFrom(file: string, seen = new Set<string>()): Set<string> {
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(/(?:^(?:import|export) (?!type\b)[^'"]*?from |\bimport\()['"]([^'"]+)['"]/gm);
  for (const [, name = ''] of found) {
    if (!name.startsWith('.')) seen.add(name);
    else if (!seen.has(join(dirname(file), name))) importsFrom(join(dirname(file), name), seen);
  }
  return seen;
}
