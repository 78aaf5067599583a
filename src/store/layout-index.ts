// index.json of an image layout (image-spec, image-layout.md): which descriptor has which name; what others wrote there stays.
import { z } from 'zod';
import { isImageSpecError, ImageSpecError } from '../core/error.ts';
import { isDigest, readAll } from '../core/digest.ts';
import { parseDocument } from '../oci/config.ts';
import type { Annotations, Descriptor } from '../oci/descriptor.ts';
import { descriptorSchema } from '../oci/descriptor.ts';
import { MANIFEST_LIMIT_BYTES } from '../oci/manifest.ts';
import { MEDIA } from '../oci/media-type.ts';
import { parseReference, printReference } from '../oci/reference.ts';
import type { Files } from './files.ts';

export const REF_NAME = 'org.opencontainers.image.ref.name';
/** The full reference, for containerd and what stands on it (docker load). */
export const IMAGE_NAME = 'io.containerd.image.name';

const indexSchema = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(z.unknown()).default([]) });

/** The document as it stands in the file: members and entries that we do not know are kept. */
export type LayoutIndex = z.output<typeof indexSchema>;

const EMPTY_INDEX: LayoutIndex = { schemaVersion: 2, mediaType: MEDIA.index, manifests: [] };

/** Reads index.json; absent means that nothing has been named yet. Throws `ARCHIVE_INVALID`. */
export async function readIndex(name: string, files: Files): Promise<LayoutIndex> {
  return (await readDocument(name, files, 'index.json', indexSchema)) ?? EMPTY_INDEX;
}

/** Parses a small JSON file of a layout or archive; undefined when there is none. Throws `ARCHIVE_INVALID`. */
export async function readDocument<T>(
  name: string,
  files: Files,
  path: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  if ((await files.size(path)) === undefined) return undefined;
  const what = `${path} of ${name}`;
  const bytes = await readAll(files.open(path), MANIFEST_LIMIT_BYTES, what);
  try {
    return parseDocument(schema, bytes, what);
  } catch (error) {
    if (!isImageSpecError(error)) throw error;
    throw new ImageSpecError('ARCHIVE_INVALID', error.message, { issues: error.issues, cause: error });
  }
}

export function printIndexFile(index: LayoutIndex): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(index));
}

/** Entries that we can read; others (of another digest algorithm) must be ignored, not refused. */
function entriesOf(index: LayoutIndex): Descriptor[] {
  return index.manifests.flatMap((raw) => descriptorSchema.safeParse(raw).data ?? []);
}

/**
 * The entry with a name or digest. Names are compared as written first, then as references, so that `alpine` finds what other tools call
 * `docker.io/library/alpine:latest`. The empty name means the only image there is; throws `NOT_FOUND`, listing the names, when there are more.
 */
export function findEntry(index: LayoutIndex, wanted: string, name: string): Descriptor | undefined {
  const entries = entriesOf(index);
  if (wanted === '') return onlyEntry(entries, name);
  if (isDigest(wanted)) return entries.find((entry) => entry.digest === wanted);
  const reference = fullName(wanted);
  return (
    entries.find((entry) => namesOf(entry).includes(wanted)) ??
    entries.find((entry) => reference && namesOf(entry).some((own) => fullName(own) === reference))
  );
}

function onlyEntry(entries: readonly Descriptor[], name: string): Descriptor | undefined {
  if (new Set(entries.map((entry) => entry.digest)).size < 2) return entries[0];
  throw severalImages(
    name,
    entries.map((entry) => namesOf(entry)[0] ?? `@${entry.digest}`),
  );
}

/** Names listed in an error: enough to choose from, few enough to read. */
const LISTED_NAMES = 20;

export function severalImages(name: string, names: readonly string[]): ImageSpecError {
  const list = names.slice(0, LISTED_NAMES).join(', ') + (names.length > LISTED_NAMES ? ', …' : '');
  return new ImageSpecError('NOT_FOUND', `${name} holds several images, and none of them was asked for by name`, {
    hint: `Add one of these names: ${list}.`,
  });
}

function namesOf(entry: Descriptor): string[] {
  return [entry.annotations?.[REF_NAME], entry.annotations?.[IMAGE_NAME]].filter((name) => name !== undefined);
}

/** The fully qualified reference, or undefined for names that are none. */
export function fullName(name: string): string | undefined {
  try {
    return printReference(parseReference(name));
  } catch {
    return undefined;
  }
}

/**
 * The index with one more entry per set of annotations, replacing entries of the same `ref.name`. Without any set the descriptor is listed
 * nameless, in the place of an earlier nameless one. All other entries stay as they are.
 */
export function withEntries(
  index: LayoutIndex,
  { mediaType, digest, size }: Descriptor,
  names: readonly Annotations[],
): LayoutIndex {
  const entry = { mediaType, digest, size };
  const added = names.length === 0 ? [entry] : names.map((annotations) => ({ ...entry, annotations }));
  const replaced = new Set(names.length === 0 ? [''] : names.map((annotations) => annotations[REF_NAME]));
  const kept = index.manifests.filter((raw) => !replaced.has(nameOf(raw)));
  return { ...EMPTY_INDEX, ...index, manifests: [...kept, ...added] };
}

/** The name by which an entry is replaced; empty when it has but the three members that every descriptor has. */
function nameOf(raw: unknown): string | undefined {
  const entry = descriptorSchema.safeParse(raw).data;
  if (!entry) return undefined;
  return entry.annotations?.[REF_NAME] ?? (Object.keys(entry).length === 3 ? '' : undefined);
}
