// From a source to its verified Release file: fetched, signature checked, read, compared with what was asked for; snapshots found.
import type { Context } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import type { AptSource } from './apt-source.ts';
import type { ArchiveServices } from './archive-services.ts';
import type { Release } from './release.ts';
import { checkRelease, invalidRelease, parseRelease, parseReleaseDate } from './release.ts';
import type { ReleaseDocuments } from './release-documents.ts';
import { fetchDocuments, keepDocuments, keptDocuments } from './release-documents.ts';
import { isClearSigned, missingSignature, openClearSigned, openDetached } from './signature.ts';

export interface LoadedRelease {
  /** With the URI of the snapshot, where there is one. */
  readonly source: AptSource;
  readonly release: Release;
}

/**
 * Throws `NOT_FOUND`, `OFFLINE`, `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `RELEASE_INVALID`, `RELEASE_EXPIRED`, `APT_SOURCES_INVALID`, and what
 * http throws.
 */
export async function loadRelease(ctx: Context, source: AptSource, services: ArchiveServices): Promise<LoadedRelease> {
  if (source.snapshot?.place !== 'release') return { source, release: await loadOne(ctx, source, services) };
  const current = await loadOne(ctx, { ...source, snapshot: undefined }, services);
  const found = snapshotSource(source, source.snapshot.time, current);
  return { source: found, release: await loadOne(ctx, found, services) };
}

async function loadOne(ctx: Context, source: AptSource, services: ArchiveServices): Promise<Release> {
  const { cache, offline } = services;
  const documents = offline ? await keptDocuments(cache, source) : await fetchDocuments(ctx, source, services);
  const place = { what: `The ${documents.name} file of ${source.suite} at ${source.uri}`, source };
  const now = documents.fetchedAt;
  const release = parseRelease(await openDocuments(documents, source, place.what, now), place);
  checkRelease(release, place, now);
  if (!offline) await keepDocuments(cache, source, documents);
  return release;
}

async function openDocuments(
  { document, signature }: ReleaseDocuments,
  source: AptSource,
  what: string,
  now: number,
): Promise<string> {
  const { keyring, where, trusted, snapshot } = source;
  if (trusted) return unverified(document);
  const isSigned = isClearSigned(document);
  if (!isSigned && signature === undefined) throw missingSignature(what);
  if (keyring.files.length === 0) throw withoutKeyring(what, where);
  // A snapshot is meant to be old: its keys may be those of its own day, or those of today if they were renewed since.
  const judgedAt = (payload: string): number[] => [...(snapshot ? datesOf(payload) : []), now];
  const options = { keyring, what, where, judgedAt };
  return signature === undefined ? openClearSigned(document, options) : openDetached(document, signature, options);
}

function datesOf(payload: string): number[] {
  const [, text = ''] = /^Date:(.*)$/m.exec(payload) ?? [];
  const date = parseReleaseDate(text.trim());
  return date === undefined ? [] : [date];
}

/** For sources that are trusted by the user's word: what stands between the marks of the signature. */
function unverified(document: Uint8Array): string {
  const text = new TextDecoder().decode(document);
  if (!isClearSigned(document)) return text;
  const lines = text.replaceAll('\r\n', '\n');
  const [, payload = ''] = /^[^\n]*\n(?:[^\n]+\n)*\n([^]*?)\n-----BEGIN PGP SIGNATURE-----/.exec(lines) ?? [];
  return payload.replace(/^- /gm, '');
}

function withoutKeyring(what: string, where: string): ImageSpecError {
  return new ImageSpecError('SIGNATURE_INVALID', `${what} cannot be trusted: no keyring is known to check it with`, {
    hint: `Name one by Signed-By at ${where} ("signed_by" in the spec): a file or the armored key itself. Debian's is in the package debian-archive-keyring.`,
    facts: { where },
  });
}

/** The Release file says where snapshots of its archive are; `no` is its word for nowhere. */
function snapshotSource(source: AptSource, time: string, { snapshots }: Release): AptSource {
  const filled = (snapshots ?? '').replaceAll('@SNAPSHOTID@', time);
  const url = URL.parse(filled.endsWith('/') ? filled : `${filled}/`);
  const isThere = snapshots?.includes('@SNAPSHOTID@') && (url?.protocol === 'http:' || url?.protocol === 'https:');
  if (!url || !isThere) {
    throw invalidRelease(
      `The Release file of ${source.suite} at ${source.uri}`,
      `it says nothing of snapshots, and ${time} is asked for`,
      `Name an archive that keeps old states at ${source.where}, with {snapshot} in its URI where the time belongs.`,
    );
  }
  return { ...source, uri: url.href };
}
