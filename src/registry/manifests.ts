// Manifests and indexes of a repository: names to descriptors, bytes by digest, and names given (distribution-spec, end-3, end-7).
import type { Content } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { digestOf, isDigest, readAll } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { MANIFEST_LIMIT_BYTES } from '../oci/manifest.ts';
import { MEDIA } from '../oci/media-type.ts';
import type { Repository } from './access.ts';
import { bodyOf } from './access.ts';
import type { Answer } from './answer.ts';
import { headerOf, registryErrors } from './answer.ts';
import { describedBy, MANIFEST_ACCEPT, manifestTypeOf, pullScope, pushScope } from './manifest-head.ts';

/** Registries hash and check references before they answer a commit. */
export const COMMIT_TIMEOUT_MS = 300_000;

/** Harbor says 500 for what does not exist (seen by flytekit's own check too). */
const HARBOR_ABSENT = /\b(?:artifact|repository) .*not found/;

function isAbsent(answer: Answer): boolean {
  if (answer.status === 404) return true;
  return answer.status === 500 && registryErrors(answer).some(({ message }) => HARBOR_ABSENT.test(message));
}

/** The descriptor behind a tag or digest: by HEAD, which no registry counts as a pull; by GET where HEAD does not tell. */
export async function resolveManifest(ctx: Context, place: Repository, name: string): Promise<Descriptor | undefined> {
  const tried = `read the manifest "${name}" of ${place.name}`;
  const request = {
    to: `/manifests/${name}`,
    headers: { accept: MANIFEST_ACCEPT },
    scopes: [pullScope(place.repository)],
  };
  const head = await place.request(ctx, {
    ...request,
    method: 'HEAD',
    // Without a body it tells too little to wait for: GET asks again.
    isTransient: ({ status }) => (status === 500 ? false : undefined),
  });
  if (head.status === 404) return undefined;
  if (head.status === 401 || head.status === 429) throw await place.errorFor(ctx, head, tried);
  const described = head.status === 200 ? describedBy(head, name) : undefined;
  if (described) return described;
  const answer = await place.request(ctx, {
    ...request,
    method: 'GET',
    answerLimitBytes: MANIFEST_LIMIT_BYTES,
    isTransient: (answer) => (isAbsent(answer) ? false : undefined),
  });
  if (isAbsent(answer)) return undefined;
  if (answer.status !== 200) throw await place.errorFor(ctx, answer, tried);
  const digest = digestOf(answer.bytes);
  if (isDigest(name)) refuseOtherDigest(place, name, name, digest);
  return { mediaType: manifestTypeOf(answer) ?? typeInside(answer.bytes), digest, size: answer.bytes.length };
}

/** The type of a manifest that came as `application/json`, or without a type. */
function typeInside(bytes: Uint8Array): string {
  try {
    const document = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    if (typeof document['mediaType'] === 'string') return document['mediaType'];
    if (Array.isArray(document['manifests'])) return MEDIA.index;
    if (document['schemaVersion'] === 2) return MEDIA.manifest;
  } catch {
    // Whoever reads it says what is wrong with it.
  }
  return 'application/octet-stream';
}

/** Sends a manifest under each name, a tag or its digest. */
export async function putManifest(
  ctx: Context,
  place: Repository,
  content: Content,
  names: readonly string[],
): Promise<void> {
  const { digest, mediaType } = content.descriptor;
  const bytes = await readAll(content.open(ctx), MANIFEST_LIMIT_BYTES, `manifest ${digest}`);
  for (const name of names) {
    const answer = await place.request(ctx, {
      method: 'PUT',
      to: `/manifests/${name}`,
      headers: { 'content-type': mediaType },
      body: bodyOf(bytes),
      scopes: [pushScope(place.repository)],
      headersTimeoutMs: COMMIT_TIMEOUT_MS,
      isTransient: (answer) => (isBlobLate(answer) ? true : undefined),
    });
    if (answer.status >= 300) throw await place.errorFor(ctx, answer, `write the manifest "${name}" of ${place.name}`);
    refuseOtherDigest(place, name, digest, headerOf(answer, 'docker-content-digest'));
  }
}

/** Some registries need a moment until they see a blob that they have just confirmed (GHCR: docker/build-push-action#38). */
function isBlobLate(answer: Answer): boolean {
  const isUnknown = registryErrors(answer).some(({ code }) => /^(?:MANIFEST_)?BLOB_UNKNOWN$/.test(code));
  return isUnknown && (answer.status === 400 || answer.status === 404);
}

/** Throws `DIGEST_MISMATCH`; a digest of another algorithm than sha256 says nothing about ours. */
export function refuseOtherDigest(place: Repository, name: string, expected: Digest, found: string | undefined): void {
  if (found === undefined || found === expected || !isDigest(found)) return;
  throw new ImageSpecError('DIGEST_MISMATCH', `${place.name} has ${found} as "${name}" instead of ${expected}`, {
    hint: 'A proxy in between may change the bytes: try again, or from another network.',
    facts: { expected, found, repository: place.name },
  });
}
