// Blobs into a repository: one POST that opens a session and one PUT of the whole, or a mount that moves nothing (distribution-spec, Push).
import type { Content } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { createContext } from '../core/context.ts';
import { counted } from '../core/counted.ts';
import type { Digest } from '../core/digest.ts';
import type { Repository } from './access.ts';
import type { Answer } from './answer.ts';
import { headerOf, registryErrors } from './answer.ts';
import type { Attempts } from './attempts.ts';
import { isTransientStatus } from './attempts.ts';
import { pullScope, pushScope } from './manifest-head.ts';
import { COMMIT_TIMEOUT_MS, refuseOtherDigest } from './manifests.ts';
import { isPassing } from './network-error.ts';
import { uploadLocation } from './redirect.ts';

/** Failures of one upload, requests within it included. */
const UPLOAD_ATTEMPTS = 8;
/** Sessions of one upload: each may cost all bytes. */
const SESSION_LIMIT = 3;
/** For giving back a session; nobody waits longer for a courtesy. */
const CANCEL_TIMEOUT_MS = 3_000;

type Progress = ((done: number) => void) | undefined;

/** Whether the repository has the blob. */
export async function hasBlob(ctx: Context, place: Repository, digest: Digest, attempts?: Attempts): Promise<boolean> {
  const scopes = [pushScope(place.repository)];
  const answer = await place.request(ctx, { method: 'HEAD', to: `/blobs/${digest}`, scopes, attempts });
  if (answer.status === 200) return true;
  if (answer.status === 404 || answer.status === 405) return false;
  throw await place.errorFor(ctx, answer, `look for blob ${digest} in ${place.name}`);
}

export interface Uploads {
  readonly put: (ctx: Context, content: Content, onProgress?: Progress) => Promise<void>;
  readonly mount: (ctx: Context, content: Content) => Promise<boolean>;
}

/** Uploads into one repository. A session that a refused mount has opened is kept for the upload that follows. */
export function createUploads(place: Repository): Uploads {
  const sessions = new Map<Digest, URL>();
  return {
    mount: async (ctx, { descriptor: { digest }, mountFrom }) => {
      if (mountFrom?.registry !== place.registry || mountFrom.repository === place.repository) return false;
      const answer = await askForMount(ctx, place, digest, mountFrom.repository);
      if (answer.status === 202) sessions.set(digest, sessionOf(answer));
      return answer.status === 201;
    },
    put: async (ctx, content, onProgress) => {
      const { digest } = content.descriptor;
      const attempts = place.attempts(UPLOAD_ATTEMPTS);
      for (let round = 1; ; round++) {
        const session = sessions.get(digest) ?? (await openSession(ctx, place, attempts));
        sessions.delete(digest);
        const failure = await upload(ctx, place, content, session, onProgress);
        if (!failure) return;
        const isLast = !failure.isWorthAnother || round === SESSION_LIMIT;
        if (isLast || !(await attempts.again(ctx, new URL(place.origin).host))) throw failure.error;
        if (await hasBlob(ctx, place, digest, attempts)) return;
      }
    },
  };
}

function askForMount(ctx: Context, place: Repository, mount: Digest, from: string): Promise<Answer> {
  const query = new URLSearchParams({ mount, from }).toString();
  const scopes = [pushScope(place.repository), pullScope(from)];
  return place.request(ctx, { method: 'POST', to: `/blobs/uploads/?${query}`, scopes });
}

async function openSession(ctx: Context, place: Repository, attempts: Attempts): Promise<URL> {
  const scopes = [pushScope(place.repository)];
  const answer = await place.request(ctx, { method: 'POST', to: '/blobs/uploads/', scopes, attempts });
  if (answer.status !== 202) throw await place.errorFor(ctx, answer, `begin an upload to ${place.name}`);
  return sessionOf(answer);
}

function sessionOf(answer: Answer): URL {
  return uploadLocation(headerOf(answer, 'location'), answer.url);
}

interface Failure {
  readonly error: unknown;
  readonly isWorthAnother: boolean;
}

/** Sends all bytes into a session, and gives back a session that is of no more use. */
async function upload(
  ctx: Context,
  place: Repository,
  content: Content,
  session: URL,
  onProgress: Progress,
): Promise<Failure | undefined> {
  const failure = await sendAll(ctx, place, content, session, onProgress).catch((error: unknown) => ({
    error,
    isWorthAnother: isPassing(error),
  }));
  if (failure && !failure.isWorthAnother) await cancel(place, session);
  return failure;
}

async function sendAll(
  ctx: Context,
  place: Repository,
  content: Content,
  session: URL,
  onProgress: Progress,
): Promise<Failure | undefined> {
  const { digest, size } = content.descriptor;
  const answer = await place.request(ctx, {
    method: 'PUT',
    to: withDigest(session, digest),
    headers: { 'content-type': 'application/octet-stream' },
    // undici waits until a buffer has left before it asks for the next.
    body: { size, open: () => counted(content.open(ctx, { reuse: true }), onProgress) },
    scopes: [pushScope(place.repository)],
    headersTimeoutMs: COMMIT_TIMEOUT_MS,
    attempts: place.attempts(1),
  });
  if (answer.status >= 300) {
    const error = await place.errorFor(ctx, answer, `upload blob ${digest} to ${place.name}`);
    return { error, isWorthAnother: isSessionsFault(answer) || isTransientStatus(answer.status) };
  }
  refuseOtherDigest(place, digest, digest, headerOf(answer, 'docker-content-digest'));
  return undefined;
}

/** The session is lost, or the bytes arrived damaged. */
function isSessionsFault(answer: Answer): boolean {
  return registryErrors(answer).some(({ code }) => /^(?:BLOB_UPLOAD_(?:UNKNOWN|INVALID)|DIGEST_INVALID)$/.test(code));
}

/** The query of a session is the registry's own and stays as it is. */
function withDigest(session: URL, digest: Digest): URL {
  const url = new URL(session);
  url.search += `${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`;
  return url;
}

/** Under a signal of its own, since it is most wanted when ours has fired; whether it works is of no matter (distribution-spec, end-14). */
async function cancel(place: Repository, session: URL): Promise<void> {
  const ctx = createContext({ signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS) });
  const scopes = [pushScope(place.repository)];
  const attempts = place.attempts(1);
  await place.request(ctx, { method: 'DELETE', to: session, scopes, attempts }).catch(() => undefined);
}
