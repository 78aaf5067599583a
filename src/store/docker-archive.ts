// The archive of `docker save`: read in its old and its new form, written so that readers of both find what they look for.
import type { Context } from '../core/context.ts';
import { readAll } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { contentOf } from '../content/content.ts';
import type { Source, Store, Target } from '../content/store.ts';
import type { Annotations, Descriptor } from '../oci/descriptor.ts';
import { MANIFEST_LIMIT_BYTES, parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-type.ts';
import { parseReference, printReference } from '../oci/reference.ts';
import type { ArchiveOptions } from './archive.ts';
import { archiveTarget } from './archive.ts';
import { IMAGE_NAME, REF_NAME } from './layout-index.ts';
import { blobPath, LAYOUT_FILE, layoutSource } from './layout-source.ts';
import { savedSource } from './docker-saved.ts';
import { tarFiles } from './tar-files.ts';
import type { ArchiveFile } from './tar-write.ts';

/** Since version 25 `docker save` writes an image layout as well, which then counts. Names are references: `python:3.12`. */
export function dockerArchiveSource(file: string): Source {
  const name = `docker-archive:${file}`;
  const files = tarFiles(file);
  const layout = layoutSource(name, files);
  const saved = savedSource(name, files);
  const choose = async () => ((await files.size(LAYOUT_FILE)) === undefined ? saved : layout);
  return {
    name,
    resolve: async (ctx, wanted) => (await choose()).resolve(ctx, wanted),
    open: async function* (ctx, descriptor) {
      yield* (await choose()).open(ctx, descriptor);
    },
  };
}

/**
 * An archive of one image for `docker load`, podman and skopeo. Names are references with a tag, as the loaded image will be called. Throws
 * `NOT_SUPPORTED` for an index, and for a second image.
 */
export function dockerArchiveTarget(file: string, options: ArchiveOptions): Target {
  const name = `docker-archive:${file}`;
  let image: Descriptor | undefined;
  const references = new Set<string>();
  const target = archiveTarget(name, file, options, annotationsOf, async (ctx, layout) =>
    image ? [await savedManifest(ctx, layout, image, [...references].sort())] : [],
  );
  return {
    ...target,
    tag: async (ctx, content, names) => {
      refuseSecond(name, content.descriptor, image);
      const full = names.map(taggedReference);
      await target.tag(ctx, content, full);
      image = content.descriptor;
      for (const reference of full) references.add(reference);
    },
  };
}

function refuseSecond(name: string, next: Descriptor, first: Descriptor | undefined): void {
  const isIndex = isIndexType(next.mediaType);
  if (!isIndex && (first?.digest ?? next.digest) === next.digest) return;
  throw new ImageSpecError(
    'NOT_SUPPORTED',
    `${name} holds one image for one platform, so it cannot take ${isIndex ? 'the index' : 'also'} ${next.digest}`,
    { hint: 'Choose one platform with --platform, or write oci-archive:FILE, which holds any number.' },
  );
}

/** A bare word would become an image of that name, though it was meant as a tag. */
function taggedReference(name: string): string {
  const reference = parseReference(name);
  if (/:[^/]+$/.test(name) && reference.tag !== undefined) return printReference({ ...reference, digest: undefined });
  throw new ImageSpecError('REFERENCE_INVALID', `"${name}" does not name an image by repository and tag`, {
    hint: 'The image of a docker archive is named like acme/app:1.0.',
  });
}

/** What `docker save` writes itself: containerd takes the name from the first, other tools from the second. */
function annotationsOf(reference: string): Annotations {
  return { [IMAGE_NAME]: reference, [REF_NAME]: reference };
}

/** `manifest.json`, which tells readers of the old form the same as the layout. */
async function savedManifest(
  ctx: Context,
  layout: Store,
  image: Descriptor,
  references: readonly string[],
): Promise<ArchiveFile> {
  const what = `manifest of ${layout.name}`;
  const bytes = await readAll(layout.open(ctx, image), MANIFEST_LIMIT_BYTES, what);
  const manifest = parseManifest(bytes, image.mediaType, what);
  if (manifest.kind !== 'manifest') throw new Error(`${what} is an index`);
  for (const layer of manifest.layers) {
    if (await layout.has(ctx, layer)) continue;
    throw new ImageSpecError('NOT_SUPPORTED', `${layout.name} cannot be without the foreign layer ${layer.digest}`, {
      hint: 'The bytes of such layers may not be passed on. Write oci-archive:FILE, which may be without them.',
    });
  }
  const saved = {
    Config: blobPath(manifest.config.digest),
    RepoTags: references,
    Layers: manifest.layers.map(({ digest }) => blobPath(digest)),
  };
  const json = new TextEncoder().encode(JSON.stringify([saved]));
  return { path: 'manifest.json', size: json.length, open: () => contentOf(json, 'application/json').open(ctx) };
}
