// Where an image is read from or written to, as users write it: TRANSPORT:REST, or a plain image reference.
import { isDigest, parseDigest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import type { Reference } from '../oci/reference.ts';
import { isTag, parseReference, printReference } from '../oci/reference.ts';

/** Paths are as written; `name` is absent when the place is meant as a whole. */
export type Transport =
  | { readonly kind: 'registry'; readonly reference: Reference }
  /** No base at all. */
  | { readonly kind: 'scratch' }
  /** `name`: tag or digest. */
  | { readonly kind: 'oci'; readonly folder: string; readonly name?: string | undefined }
  | { readonly kind: 'oci-archive'; readonly file: string; readonly name?: string | undefined }
  /** `name`: reference. */
  | { readonly kind: 'docker-archive'; readonly file: string; readonly name?: string | undefined };

const TRANSPORTS = 'oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:REF] or docker://REF';
/** Transports of skopeo and its relatives, told apart from images of these names; and anything else in front of a path. */
const FOREIGN =
  /^(?:(?:containers-storage|dir|docker-daemon|ostree|sif|tarball):|(?!docker:\/\/|https?:\/\/)[a-z][a-z0-9+-]*:[./~])/;

/**
 * Parses `oci:DIR[:TAG|@DIGEST]`, `oci-archive:FILE[:TAG|@DIGEST]`, `docker-archive:FILE[:REF]`, `docker://REF`, `scratch`, or an image
 * reference. Throws `USAGE` on other transports and missing paths, `REFERENCE_INVALID` and `DIGEST_INVALID` on names.
 */
export function parseTransport(text: string): Transport {
  const bare = text.trim();
  if (bare === 'scratch') return { kind: 'scratch' };
  const [, kind, rest = ''] = /^(oci|oci-archive|docker-archive):(.*)$/s.exec(bare) ?? [];
  if (kind === undefined) {
    if (FOREIGN.test(bare)) throw usage(`"${text}" has no transport that is known here`);
    return { kind: 'registry', reference: parseReference(bare) };
  }
  const [path, name] = kind === 'docker-archive' ? splitReference(rest) : splitTag(rest, text);
  if (path === '') throw usage(`"${text}" names no path`);
  const named = name === undefined ? {} : { name };
  if (kind === 'oci') return { kind, folder: path, ...named };
  return { kind: kind === 'oci-archive' ? kind : 'docker-archive', file: path, ...named };
}

export function printTransport(transport: Transport): string {
  if (transport.kind === 'scratch') return 'scratch';
  if (transport.kind === 'registry') return printReference(transport.reference);
  const { kind, name } = transport;
  const path = kind === 'oci' ? transport.folder : transport.file;
  if (name === undefined) return `${kind}:${path}`;
  return `${kind}:${path}${isDigest(name) ? '@' : ':'}${name}`;
}

/** `DIR:TAG` splits at the last colon behind the last slash or backslash, so that `C:\out` and `./a:b/c` are paths. */
function splitTag(rest: string, text: string): [path: string, name?: string] {
  const [, path, digest] = /^(.*)@(sha256:[^/\\]*)$/s.exec(rest) ?? [];
  if (path !== undefined && digest !== undefined) return [path, parseDigest(digest)];
  const colon = rest.lastIndexOf(':');
  if (colon <= Math.max(rest.lastIndexOf('/'), rest.lastIndexOf('\\'))) return [rest];
  const tag = rest.slice(colon + 1);
  if (isTag(tag)) return [rest.slice(0, colon), tag];
  throw new ImageSpecError('REFERENCE_INVALID', `"${text}" ends in "${tag}", which is not a tag`, {
    hint: 'A tag has letters, digits, "_", "." and "-", at most 128.',
  });
}

/** References have slashes and colons of their own: `FILE:REF` splits at the first colon that is not of a drive (`C:\`). */
function splitReference(rest: string): [path: string, name?: string] {
  const colon = rest.indexOf(':', /^[a-z]:[\\/]/i.test(rest) ? 2 : 0);
  return colon < 0 ? [rest] : [rest.slice(0, colon), printReference(parseReference(rest.slice(colon + 1)))];
}

function usage(message: string): ImageSpecError {
  return new ImageSpecError('USAGE', message, {
    hint: `Write ${TRANSPORTS}, or an image reference such as python:3.12.`,
  });
}
