import { describe, expect, it } from 'vitest';
import type { Content } from '../../src/content/content.ts';
import { contentOf } from '../../src/content/content.ts';
import { createSender } from '../../src/content/copy.ts';
import { digestOf } from '../../src/core/digest.ts';
import { ImageSpecError } from '../../src/core/error.ts';
import { MEDIA } from '../../src/oci/media-type.ts';
import { drain, expectCode } from '../expect-code.ts';
import type { TestRegistry } from './setup.ts';
import { asked, testContext, testRegistry } from './setup.ts';

const bytesOf = (text: string): Buffer => Buffer.from(text);
const layer = (text = 'layer bytes'): Content => contentOf(bytesOf(text), MEDIA.layerGzip);
const manifestBytes = bytesOf(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.manifest, config: {}, layers: [] }));
const manifest = contentOf(manifestBytes, MEDIA.manifest);

async function withManifest(options: Parameters<typeof testRegistry>[0] = {}): Promise<TestRegistry> {
  const registry = await testRegistry(options);
  await registry.store('acme/app').tag(testContext(), manifest, ['1.0']);
  return registry;
}

async function withBlob(bytes: Uint8Array, options: Parameters<typeof testRegistry>[0] = {}): Promise<TestRegistry> {
  const registry = await testRegistry(options);
  await registry.store('acme/app').put(testContext(), contentOf(bytes, MEDIA.layerGzip));
  return registry;
}

describe('resolve', () => {
  it('asks nothing before it is needed', async () => {
    const registry = await testRegistry();
    registry.open();
    expect(registry.requests).toEqual([]);
  });

  it('takes the descriptor from one HEAD that accepts all manifest types', async () => {
    const registry = await withManifest();
    expect(await registry.open().resolve(testContext(), '1.0')).toEqual(manifest.descriptor);
    expect(asked(registry)).toEqual(['HEAD /v2/acme/app/manifests/1.0']);
    expect(registry.requests[0]?.headers.accept?.split(', ')).toHaveLength(4);
    expect(registry.requests[0]?.headers['user-agent']).toBe('imagespec/test');
  });

  it('resolves a digest', async () => {
    const registry = await withManifest();
    const { digest } = manifest.descriptor;
    expect(await registry.open().resolve(testContext(), digest)).toEqual(manifest.descriptor);
  });

  it('is undefined for 404', async () => {
    const registry = await withManifest();
    expect(await registry.open().resolve(testContext(), '2.0')).toBeUndefined();
  });

  it.each([
    ['the digest header is missing', { noContentDigest: true }],
    ['HEAD is not allowed', { head: 405 }],
    ['HEAD is forbidden without a word', { head: 403 }],
    ['the type is missing from the head', { manifestType: 'application/json; charset=utf-8' }],
  ] as const)('reads the manifest itself when %s', async (_title, persona) => {
    const registry = await withManifest({ persona });
    expect(await registry.open().resolve(testContext(), '1.0')).toEqual(manifest.descriptor);
    expect(asked(registry)).toEqual(['HEAD /v2/acme/app/manifests/1.0', 'GET /v2/acme/app/manifests/1.0']);
  });

  it('is undefined where HEAD is forbidden for what GET says is missing', async () => {
    const registry = await withManifest({ persona: { head: 403 } });
    expect(await registry.open().resolve(testContext(), '2.0')).toBeUndefined();
  });

  it('refuses a name that is neither tag nor digest', async () => {
    const registry = await testRegistry();
    await expectCode(() => registry.open().resolve(testContext(), '../other?x'), 'REFERENCE_INVALID');
    expect(registry.requests).toEqual([]);
  });

  it("understands Harbor's 500 for what does not exist, without trying again", async () => {
    const registry = await withManifest({ persona: { harbor: true } });
    expect(await registry.open().resolve(testContext(), '2.0')).toBeUndefined();
    expect(asked(registry)).toHaveLength(2);
    expect(registry.http.waits).toEqual([]);
  });

  it('refuses a manifest that is not what its digest says', async () => {
    const faults = [{ method: 'GET', go: 'corrupt' }] as const;
    const registry = await withManifest({ persona: { noContentDigest: true, manifestType: 'text/plain' }, faults });
    await expectCode(() => registry.open().resolve(testContext(), manifest.descriptor.digest), 'DIGEST_MISMATCH');
  });

  it.each([
    [401, 'UNAUTHORIZED', /docker login/],
    [403, 'FORBIDDEN', /right/],
    [429, 'RATE_LIMITED', /logged in/],
    [503, 'SERVER_ERROR', /later/],
    [418, 'UNEXPECTED_ANSWER', /address/],
  ] as const)('throws for %i', async (status, code, hint) => {
    const body = '{"errors":[{"code":"SOME_CODE","message":"because\\u001b[2J https://me:pw@host/"}]}';
    const registry = await withManifest({ faults: [{ path: /manifests/, times: 99, go: { status, body } }] });
    const error = await expectCode(() => registry.open().resolve(testContext(), '1.0'), code);
    expect(error.hint).toMatch(hint);
    expect(error.message).toContain(`answered ${status}`);
    expect(error.message).not.toContain('\u001b');
    expect(error.message).not.toContain('me:pw');
    expect(error.facts['status']).toBe(status);
  });

  it('throws NETWORK when nothing listens', async () => {
    const registry = await testRegistry();
    await registry.close();
    const error = await expectCode(() => registry.open().resolve(testContext(), '1.0'), 'NETWORK');
    expect(error.message).toContain('ECONNREFUSED');
    expect(registry.http.waits).toHaveLength(4);
  });

  it('passes each warning of the registry on once', async () => {
    const registry = await withManifest({ persona: { warning: '299 - "read-only on \\"Friday\\""' } });
    const ctx = testContext();
    await registry.open().resolve(ctx, '1.0');
    await registry.open().resolve(ctx, '1.0');
    const said = ctx.events.filter((event) => event.type === 'log').map((event) => event.message);
    expect(said).toEqual([`${registry.host} warns: read-only on "Friday"`]);
  });
});

describe('open', () => {
  it('reads manifests and blobs, verified', async () => {
    const registry = await withManifest();
    const store = registry.open();
    const blob = layer();
    await registry.store('acme/app').put(testContext(), blob);
    expect(await drain(store.open(testContext(), manifest.descriptor))).toEqual(manifestBytes);
    expect(await drain(store.open(testContext(), blob.descriptor))).toEqual(bytesOf('layer bytes'));
  });

  it('throws NOT_FOUND while reading what is absent', async () => {
    const registry = await testRegistry();
    const bytes = registry.open().open(testContext(), layer().descriptor);
    await expectCode(() => drain(bytes), 'NOT_FOUND');
  });

  it('refuses other bytes than the digest says', async () => {
    const registry = await withBlob(bytesOf('layer bytes'), { faults: [{ method: 'GET', go: 'corrupt' }] });
    await expectCode(() => drain(registry.open().open(testContext(), layer().descriptor)), 'DIGEST_MISMATCH');
  });

  it('refuses more bytes than the descriptor says', async () => {
    const registry = await withBlob(bytesOf('layer bytes'));
    const descriptor = { ...layer().descriptor, size: 5 };
    await expectCode(() => drain(registry.open().open(testContext(), descriptor)), 'SIZE_MISMATCH');
  });

  it('follows to a storage host without Authorization, and resumes at the registry', async () => {
    const bytes = Buffer.alloc(300_000, 'abcdefg');
    const registry = await withBlob(bytes, {
      auth: { scheme: 'bearer', username: 'me', password: 'pw' },
      login: { auth: Buffer.from('me:pw').toString('base64') },
      persona: { redirectBlobs: true },
      faults: [
        { server: 'storage', go: { cutAfter: 100_000 } },
        { server: 'storage', skip: 1, go: { cutAfter: 50_000 } },
      ],
    });
    const descriptor = contentOf(bytes, MEDIA.layerGzip).descriptor;
    expect((await drain(registry.open().open(testContext(), descriptor))).equals(bytes)).toBe(true);
    const atStorage = registry.requests.filter(({ server }) => server === 'storage');
    expect(atStorage.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, undefined]);
    expect(atStorage[0]?.headers.range).toBeUndefined();
    expect(atStorage[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(asked(registry).filter((line) => line.startsWith('GET /v2/acme/app/blobs/'))).toHaveLength(3);
  });

  it.each(['ignored', 'refused'] as const)('resumes although ranges are %s', async (ranges) => {
    const bytes = Buffer.alloc(200_000, 'xyz');
    const faults = [{ method: 'GET', go: { cutAfter: 70_000 } }];
    const registry = await withBlob(bytes, { persona: { ranges }, faults });
    const descriptor = contentOf(bytes, MEDIA.layerGzip).descriptor;
    expect((await drain(registry.open().open(testContext(), descriptor))).equals(bytes)).toBe(true);
  });

  it('gives up on a body that always breaks at the start', async () => {
    const faults = [{ method: 'GET', times: 99, go: { cutAfter: 0 } }];
    const registry = await withBlob(bytesOf('layer bytes'), { faults });
    await expectCode(() => drain(registry.open().open(testContext(), layer().descriptor)), 'NETWORK');
    expect(registry.requests.length).toBeLessThanOrEqual(6);
  });

  it('releases the connection of a reader that leaves early', async () => {
    const bytes = Buffer.alloc(4 << 20, 1);
    const registry = await withBlob(bytes);
    const { descriptor } = contentOf(bytes, MEDIA.layerGzip);
    let seen = 0;
    for await (const chunk of registry.open().open(testContext(), descriptor)) {
      seen += chunk.length;
      break;
    }
    expect(seen).toBeLessThan(bytes.length);
    expect(await registry.open().has(testContext(), descriptor)).toBe(true);
  });
});

describe('has', () => {
  it('tells blobs and manifests that are there from those that are not', async () => {
    const registry = await withManifest();
    const store = registry.open();
    const ctx = testContext();
    expect(await store.has(ctx, layer().descriptor)).toBe(false);
    await registry.store('acme/app').put(ctx, layer());
    expect(await store.has(ctx, layer().descriptor)).toBe(true);
    expect(await store.has(ctx, manifest.descriptor)).toBe(true);
    expect(await store.has(ctx, { ...manifest.descriptor, digest: digestOf('other') })).toBe(false);
  });

  it('never takes an error for absence', async () => {
    const faults = [{ times: 99, go: { status: 403 } }];
    const registry = await testRegistry({ faults });
    await expectCode(() => registry.open().has(testContext(), layer().descriptor), 'FORBIDDEN');
  });
});

describe('put', () => {
  it('uploads a blob by one POST and one PUT of exact length, and reports progress', async () => {
    const registry = await testRegistry();
    const progress: number[] = [];
    const content: Content = {
      descriptor: layer().descriptor,
      async *open() {
        yield bytesOf('layer ');
        yield bytesOf('bytes');
      },
    };
    await registry.open().put(testContext(), content, (done) => progress.push(done));
    expect(registry.store('acme/app').blobs.has(content.descriptor.digest)).toBe(true);
    expect(asked(registry).map((line) => line.split(' ')[0])).toEqual(['POST', 'PUT']);
    expect(registry.requests[0]?.headers['content-length']).toBe('0');
    expect(registry.requests[1]?.headers['content-length']).toBe('11');
    expect(registry.requests[1]?.headers['content-type']).toBe('application/octet-stream');
    expect(progress).toEqual([6, 11]);
  });

  it('uploads the empty blob', async () => {
    const registry = await testRegistry();
    await registry.open().put(testContext(), layer(''));
    expect(registry.store('acme/app').blobs.has(digestOf(''))).toBe(true);
  });

  it.each(['relative', 'absolute', 'without-port'] as const)(
    'keeps the query of a location that is %s',
    async (location) => {
      const persona = { location, sessionQuery: 'state=a%2Fb+c==&x=~!*()%20%C3%A9&digestish' };
      const registry = await testRegistry({ persona });
      await registry.open().put(testContext(), layer());
      expect(registry.store('acme/app').blobs.size).toBe(1);
    },
  );

  it('puts a manifest by its digest', async () => {
    const registry = await testRegistry();
    await registry.open().put(testContext(), manifest);
    expect(asked(registry)).toEqual([`PUT /v2/acme/app/manifests/${manifest.descriptor.digest}`]);
    expect(registry.requests[0]?.headers['content-type']).toBe(MEDIA.manifest);
  });

  it.each([
    ['the connection breaks', 'reset'],
    ['the registry is overloaded', { status: 503 }],
    ['the session is lost', { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' }],
    ['bytes arrive damaged', { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' }],
  ] as const)('starts a fresh session when %s, after looking whether the blob arrived', async (_title, go) => {
    const registry = await testRegistry({ faults: [{ method: 'PUT', times: 2, go }] });
    let opened = 0;
    const big = Buffer.alloc(3 << 20, 7);
    const content: Content = {
      descriptor: contentOf(big, MEDIA.layerGzip).descriptor,
      async *open() {
        opened++;
        yield big;
      },
    };
    await registry.open().put(testContext(), content);
    expect(registry.store('acme/app').blobs.has(content.descriptor.digest)).toBe(true);
    expect(opened).toBe(3);
    const methods = asked(registry).map((line) => line.split(' ')[0]);
    expect(methods).toEqual(['POST', 'PUT', 'HEAD', 'POST', 'PUT', 'HEAD', 'POST', 'PUT']);
  });

  it('does not send again what arrived although its confirmation was lost', async () => {
    const registry = await testRegistry({ faults: [{ method: 'PUT', go: { cutAfter: 0 } }] });
    await registry.open().put(testContext(), layer());
    expect(asked(registry).filter((line) => line.startsWith('PUT'))).toHaveLength(1);
  });

  it('stays within eight failures, whatever fails', async () => {
    const registry = await testRegistry({ faults: [{ times: 99, go: { status: 503 } }] });
    const error = await expectCode(() => registry.open().put(testContext(), layer()), 'SERVER_ERROR');
    expect(error.message).toContain('begin an upload');
    expect(registry.requests).toHaveLength(8);
  });

  it('sends all bytes at most three times', async () => {
    const registry = await testRegistry({ faults: [{ method: 'PUT', times: 99, go: { status: 500 } }] });
    await expectCode(() => registry.open().put(testContext(), layer()), 'SERVER_ERROR');
    expect(asked(registry).filter((line) => line.startsWith('PUT'))).toHaveLength(3);
  });

  it('does not try again what is refused', async () => {
    const registry = await testRegistry({ faults: [{ method: 'PUT', go: { status: 413 } }] });
    const error = await expectCode(() => registry.open().put(testContext(), layer()), 'UNEXPECTED_ANSWER');
    expect(error.hint).toContain('limits the size');
    expect(asked(registry).map((line) => line.split(' ')[0])).toEqual(['POST', 'PUT', 'DELETE']);
  });

  it('says how to create a repository that must exist', async () => {
    const go = { status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]}' };
    const registry = await testRegistry({ faults: [{ method: 'POST', go }] });
    const error = await expectCode(() => registry.open().put(testContext(), layer()), 'NOT_FOUND');
    expect(error.hint).toContain('created first');
  });

  it('passes on what the content throws, and gives the session back', async () => {
    const registry = await testRegistry();
    const content: Content = {
      descriptor: layer().descriptor,
      async *open() {
        yield bytesOf('layer');
        throw new ImageSpecError('FILE_CHANGED', 'a wheel changed while it was read');
      },
    };
    await expectCode(() => registry.open().put(testContext(), content), 'FILE_CHANGED');
    expect(asked(registry).at(-1)).toMatch(/^DELETE .*session-1$/);
    expect(registry.store('acme/app').blobs.size).toBe(0);
  });

  it('stops at once when the build is interrupted, and gives the session back', async () => {
    const registry = await testRegistry();
    const controller = new AbortController();
    const ctx = { ...testContext(), signal: controller.signal };
    const content: Content = {
      descriptor: { ...layer().descriptor, size: 1 << 30 },
      async *open() {
        for (;;) {
          yield Buffer.alloc(1 << 16);
          controller.abort();
        }
      },
    };
    await expectCode(() => registry.open().put(ctx, content), 'ABORTED');
    expect(asked(registry).at(-1)).toMatch(/^DELETE /);
  });
});

describe('tag', () => {
  it('puts the manifest under each tag', async () => {
    const registry = await testRegistry();
    await registry.open().tag(testContext(), manifest, ['1.0', 'latest']);
    expect([...registry.store('acme/app').names.keys()]).toEqual(['1.0', 'latest']);
  });

  it('puts it by digest when there are no names', async () => {
    const registry = await testRegistry();
    await registry.open().tag(testContext(), manifest, []);
    expect(asked(registry)).toEqual([`PUT /v2/acme/app/manifests/${manifest.descriptor.digest}`]);
  });

  it('refuses a tag that is none before anything is sent', async () => {
    const registry = await testRegistry();
    await expectCode(() => registry.open().tag(testContext(), manifest, ['fine', '.odd']), 'REFERENCE_INVALID');
    expect(registry.requests).toEqual([]);
  });

  it('tries again when the registry does not yet see a blob that it confirmed', async () => {
    const go = { status: 404, body: '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"unknown blob"}]}' };
    const registry = await testRegistry({ faults: [{ method: 'PUT', times: 2, go }] });
    await registry.open().tag(testContext(), manifest, ['1.0']);
    expect(registry.store('acme/app').names.has('1.0')).toBe(true);
  });

  it('refuses a registry that stored something else', async () => {
    const go = { status: 201, headers: { 'docker-content-digest': digestOf('other') } };
    const registry = await testRegistry({ faults: [{ method: 'PUT', go }] });
    await expectCode(() => registry.open().tag(testContext(), manifest, ['1.0']), 'DIGEST_MISMATCH');
  });
});

describe('mount', () => {
  const fromBase = (registry: TestRegistry, host = registry.host): Content => ({
    ...layer(),
    mountFrom: { registry: host, repository: 'library/base' },
  });

  it('makes a blob of another repository visible without moving it', async () => {
    const registry = await testRegistry();
    await registry.store('library/base').put(testContext(), layer());
    expect(await registry.open().mount?.(testContext(), fromBase(registry))).toBe(true);
    expect(registry.store('acme/app').blobs.has(layer().descriptor.digest)).toBe(true);
    const { digest } = layer().descriptor;
    const query = `mount=${encodeURIComponent(digest)}&from=library%2Fbase`;
    expect(asked(registry)).toEqual([`POST /v2/acme/app/blobs/uploads/?${query}`]);
  });

  it('uploads into the session that a registry opens instead', async () => {
    const registry = await testRegistry({ persona: { mount: 'session' } });
    const store = registry.open();
    expect(await store.mount?.(testContext(), fromBase(registry))).toBe(false);
    await store.put(testContext(), fromBase(registry));
    expect(registry.store('acme/app').blobs.size).toBe(1);
    expect(asked(registry).map((line) => line.split(' ')[0])).toEqual(['POST', 'PUT']);
  });

  it.each([401, 403, 404, 405] as const)('is false when the registry answers %i', async (mount) => {
    const registry = await testRegistry({ persona: { mount } });
    expect(await registry.open().mount?.(testContext(), fromBase(registry))).toBe(false);
  });

  it('does not ask for what lies at another registry or in the same repository', async () => {
    const registry = await testRegistry();
    const store = registry.open();
    expect(await store.mount?.(testContext(), fromBase(registry, 'ghcr.io'))).toBe(false);
    const own = { ...layer(), mountFrom: { registry: registry.host, repository: 'acme/app' } };
    expect(await store.mount?.(testContext(), own)).toBe(false);
    expect(registry.requests).toEqual([]);
  });

  it('serves `copy` from one repository to another', async () => {
    const registry = await testRegistry({
      auth: { scheme: 'bearer', username: 'me', password: 'pw' },
      login: { username: 'me', password: 'pw' },
    });
    await registry.store('library/base').put(testContext(), layer());
    const source = registry.open('library/base');
    const sender = createSender(testContext(), registry.open());
    expect(await sender.send({ ...layer(), mountFrom: source.mountFrom })).toBe('mounted');
    expect(await sender.send(layer('more'))).toBe('uploaded');
  });
});
