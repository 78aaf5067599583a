// What the head of a manifest's answer says. Free of heavy modules, since the fast path asks nothing else.
import { isDigest } from '../core/digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isIndexType, isManifestType, MANIFEST_TYPES } from '../oci/media-type.ts';
import type { AnswerHead } from './answer.ts';
import { headerOf } from './answer.ts';

/** Servers that are told fewer types answer 404, or another document. */
export const MANIFEST_ACCEPT = MANIFEST_TYPES.join(', ');

export const pullScope = (repository: string): string => `repository:${repository}:pull`;
export const pushScope = (repository: string): string => `repository:${repository}:pull,push`;

export function isManifest({ mediaType }: Pick<Descriptor, 'mediaType'>): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType);
}

/** Content-Type without parameters, if it is a manifest's. */
export function manifestTypeOf(head: AnswerHead): string | undefined {
  const mediaType = headerOf(head, 'content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  return isManifest({ mediaType }) ? mediaType : undefined;
}

/** The descriptor of what is there under a tag or digest; undefined unless the head says all of it. */
export function describedBy(head: AnswerHead, name: string): Descriptor | undefined {
  const digest = headerOf(head, 'docker-content-digest') ?? name;
  const size = headerOf(head, 'content-length') ?? '';
  const mediaType = manifestTypeOf(head);
  const isPlain = isDigest(digest) && (!isDigest(name) || name === digest);
  return isPlain && mediaType && /^\d+$/.test(size) ? { mediaType, digest, size: Number(size) } : undefined;
}
