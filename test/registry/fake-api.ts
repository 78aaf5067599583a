// What the fake registry does with a request that may pass: the distribution API, with the habits of vendors.
import { contentOf } from '../../src/content/content.ts';
import type { MemoryStore } from '../../src/content/memory.ts';
import { createContext } from '../../src/core/context.ts';
import type { Digest } from '../../src/core/digest.ts';
import { digestOf, isDigest } from '../../src/core/digest.ts';
import type { RecordedRequest, Reply } from './fake-server.ts';

/** How vendors differ. Without any, the registry does what the specification recommends. */
export interface Persona {
  /** Upload locations: a path (default), a URL, or a URL whose port is missing. */
  readonly location?: 'relative' | 'absolute' | 'without-port';
  /** Kept in the query of upload locations, and demanded back unchanged. */
  readonly sessionQuery?: string;
  /** Blobs are redirected to another host, which wants no Authorization and honours each address once. */
  readonly redirectBlobs?: boolean;
  /** No `Docker-Content-Digest`. */
  readonly noContentDigest?: boolean;
  /** Answer to a mount: done (default), an upload session instead, or a refusal. */
  readonly mount?: 'session' | 401 | 403 | 404 | 405;
  /** Answer to HEAD of manifests. */
  readonly head?: 403 | 405;
  /** A missing manifest is answered 500 with Harbor's words. */
  readonly harbor?: boolean;
  /** `Range` is ignored, or always refused. */
  readonly ranges?: 'ignored' | 'refused';
  /** Content-Type of manifests, in place of their own. */
  readonly manifestType?: string;
  /** Sent with every answer. */
  readonly warning?: string;
}

const notFound = (code: string): Reply => ({
  status: 404,
  body: JSON.stringify({ errors: [{ code, message: 'not here' }] }),
});

/** Answers with a signed address on another host, where the reply waits. */
export type Redirect = (request: RecordedRequest, reply: Reply) => Reply;

export function createApi(persona: Persona, store: (repository: string) => MemoryStore, redirect: Redirect) {
  const sessions = new Set<string>();
  let count = 0;

  const openSession = ({ headers }: RecordedRequest, repository: string): Reply => {
    const id = `session-${++count}`;
    sessions.add(id);
    const path = `/v2/${repository}/blobs/uploads/${id}${persona.sessionQuery ? `?${persona.sessionQuery}` : ''}`;
    const host = persona.location === 'without-port' ? '127.0.0.1' : headers.host;
    return {
      status: 202,
      headers: { location: (persona.location ?? 'relative') === 'relative' ? path : `http://${host}${path}` },
    };
  };

  const upload = async (request: RecordedRequest, repository: string, id: string): Promise<Reply> => {
    const { method, path, body, headers } = request;
    const query = path.split('?')[1] ?? '';
    if (!sessions.delete(id)) return notFound('BLOB_UPLOAD_UNKNOWN');
    if (method === 'DELETE') return { status: 204 };
    const digest = new URLSearchParams(query).get('digest') ?? '';
    if (persona.sessionQuery && !query.startsWith(`${persona.sessionQuery}&digest=`))
      return notFound('BLOB_UPLOAD_UNKNOWN');
    if (headers['transfer-encoding'] !== undefined || headers['content-length'] !== String(body.length))
      return { status: 411, body: 'no length' };
    if (digestOf(body) !== digest)
      return { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}' };
    await store(repository).put(createContext(), contentOf(body, 'application/octet-stream'));
    return { status: 201, headers: { 'docker-content-digest': digest } };
  };

  const mount = async (request: RecordedRequest, repository: string, query: URLSearchParams): Promise<Reply> => {
    const [digest, from] = [query.get('mount') as Digest, query.get('from') ?? ''];
    if (typeof persona.mount === 'number') return { status: persona.mount };
    const blob = store(from).blobs.get(digest);
    if (persona.mount === 'session' || !blob) return openSession(request, repository);
    store(repository).blobs.set(digest, blob);
    return { status: 201, headers: { location: `/v2/${repository}/blobs/${digest}` } };
  };

  const readBlob = (request: RecordedRequest, repository: string, digest: string): Reply => {
    const blob = store(repository).blobs.get(digest as Digest);
    if (!blob) return notFound('BLOB_UNKNOWN');
    const reply = ranged(persona, request, blob.bytes);
    return persona.redirectBlobs ? redirect(request, reply) : reply;
  };

  const manifest = async (request: RecordedRequest, repository: string, name: string): Promise<Reply> => {
    const { method, body, headers } = request;
    const { blobs, names } = store(repository);
    const digestHeader = (digest: string): Record<string, string> =>
      persona.noContentDigest ? {} : { 'docker-content-digest': digest };
    if (method === 'PUT') {
      const content = contentOf(body, headers['content-type'] ?? '');
      if (isDigest(name) && name !== content.descriptor.digest) return { status: 400, body: 'not that digest' };
      await store(repository).tag(createContext(), content, isDigest(name) ? [] : [name]);
      return { status: 201, headers: digestHeader(content.descriptor.digest) };
    }
    if (method === 'HEAD' && persona.head) return { status: persona.head };
    const digest = isDigest(name) ? name : names.get(name)?.digest;
    const found = digest && blobs.get(digest);
    if (found && !headers.accept?.includes(found.mediaType)) return notFound('MANIFEST_UNKNOWN');
    if (found) {
      const type = persona.manifestType ?? found.mediaType;
      return {
        status: 200,
        headers: { 'content-type': type, 'content-length': found.bytes.length, ...digestHeader(digest) },
        body: found.bytes,
      };
    }
    if (!persona.harbor) return notFound('MANIFEST_UNKNOWN');
    const message = `unknown: artifact ${repository}:${name} not found`;
    return { status: 500, body: JSON.stringify({ errors: [{ code: 'UNKNOWN', message }] }) };
  };

  return async (request: RecordedRequest): Promise<Reply> => {
    const url = new URL(request.path, 'http://registry');
    if (url.pathname === '/v2/') return { status: 200, body: '{}' };
    const [, repository = '', kind, rest = ''] =
      /^\/v2\/(.+?)\/(manifests|blobs\/uploads|blobs)\/(.*)$/.exec(url.pathname) ?? [];
    if (kind === 'manifests') return manifest(request, repository, rest);
    if (kind === 'blobs') return readBlob(request, repository, rest);
    if (kind === undefined) return notFound('NAME_UNKNOWN');
    if (request.method !== 'POST') return upload(request, repository, rest);
    return url.searchParams.has('mount')
      ? mount(request, repository, url.searchParams)
      : openSession(request, repository);
  };
}

function ranged({ ranges }: Persona, { headers }: RecordedRequest, bytes: Uint8Array): Reply {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? -1);
  if (start < 0 || ranges === 'ignored') return { status: 200, body: bytes };
  // Like distribution 2.8: an error that announces the whole blob.
  if (ranges === 'refused' || start >= bytes.length)
    return { status: 416, headers: { 'content-length': bytes.length }, body: '{}' };
  const headersOf206 = { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
  return { status: 206, headers: headersOf206, body: bytes.subarray(start) };
}
