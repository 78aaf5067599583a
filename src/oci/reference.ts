// Names of images in registries (distribution-spec, Pull; distribution/reference grammar).
import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';

export interface Reference {
  /** Host and port as the user means it: `docker.io`, `ghcr.io`, `127.0.0.1:5000`. */
  readonly registry: string;
  /** Path below the registry: `library/python`. */
  readonly repository: string;
  readonly tag?: string | undefined;
  readonly digest?: Digest | undefined;
}

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const HOST = /^(?:\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::[0-9]{1,5})?$/;
/** distribution-spec: host and repository together. */
const NAME_LIMIT = 255;

/**
 * Parses an image name. The first component is a registry if it has a dot, a colon or an upper-case letter, or is `localhost`;
 * else the image is Docker Hub's. Without tag and digest, `latest` is meant. Throws `REFERENCE_INVALID`.
 */
export function parseReference(text: string): Reference {
  const bare = text.trim().replace(/^docker:\/\//, '');
  if (/^https?:\/\//.test(bare)) throw invalid(text, 'a reference has no http:// or https:// in front');
  const at = bare.indexOf('@');
  const digest = at < 0 ? undefined : bare.slice(at + 1);
  if (digest !== undefined && !isDigest(digest))
    throw invalid(text, 'after "@" stands a digest: sha256: and 64 lower-case hexadecimal digits');
  const [name, tag] = splitTag(at < 0 ? bare : bare.slice(0, at));
  const { registry, repository } = splitRegistry(name, text);
  if (tag !== undefined && !TAG.test(tag))
    throw invalid(text, 'a tag has letters, digits, "_", "." and "-", at most 128');
  if (!REPOSITORY.test(repository))
    throw invalid(
      text,
      repository === repository.toLowerCase()
        ? 'the repository has lower-case letters, digits and single separators'
        : 'the repository must be lower-case',
    );
  if (registry.length + 1 + repository.length > NAME_LIMIT)
    throw invalid(text, `the name is longer than ${NAME_LIMIT} characters`);
  return { registry, repository, tag: tag ?? (digest ? undefined : 'latest'), digest };
}

function splitTag(name: string): [string, string | undefined] {
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? [name.slice(0, colon), name.slice(colon + 1)] : [name, undefined];
}

function splitRegistry(name: string, text: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = first === 'localhost' || /[.:A-Z[]/.test(first);
  if (!isHost) return { registry: 'docker.io', repository: slash < 0 ? `library/${name}` : name };
  if (!HOST.test(first)) throw invalid(text, `"${first}" is not a host`);
  const registry = first === 'index.docker.io' || first === 'registry-1.docker.io' ? 'docker.io' : first.toLowerCase();
  const rest = name.slice(slash + 1);
  return { registry, repository: registry === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest };
}

function invalid(text: string, why: string): ImageSpecError {
  return new ImageSpecError('REFERENCE_INVALID', `"${withoutUser(text)}" is not an image reference: ${why}`, {
    hint: 'For example: python:3.12-slim, ghcr.io/acme/app:1.0 or 127.0.0.1:5000/app@sha256:….',
  });
}

/** `user:password@host` is no reference, but people try it. */
function withoutUser(text: string): string {
  return text.replace(/[^/@]*@(?!sha\d+:|$)/, '***@');
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** `registry/repository`, the fully qualified form. */
export function printRepository({ registry, repository }: Reference): string {
  return `${registry}/${repository}`;
}

/** The fully qualified form, as for `org.opencontainers.image.base.name`. */
export function printReference(reference: Reference): string {
  const tag = reference.tag ? `:${reference.tag}` : '';
  const digest = reference.digest ? `@${reference.digest}` : '';
  return `${printRepository(reference)}${tag}${digest}`;
}
